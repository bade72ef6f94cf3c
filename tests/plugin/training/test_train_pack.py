"""`train pack` with the shipped models, on photos that may be shown."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from iconface_core.training.data.shards import open_pack
from plugin.cli.main import run


@pytest.fixture
def people(sample: tuple[Path, Path], tmp_path: Path) -> Path:
    """Two people with two photos each, in folders of their names, and a file that is no photo."""
    for number in (1, 4):
        folder = tmp_path / "people" / f"person {number}"
        folder.mkdir(parents=True)
        for year in (1999, 2001):
            shutil.copy2(sample[0] / f"sample-person{number}-{year}.jpg", folder / f"{year}.jpg")
    (tmp_path / "people" / "person 1" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    return tmp_path / "people"


def test_a_folder_of_people_becomes_a_pack(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "pack"
    command = [
        "--json",
        "--quiet",
        "train",
        "pack",
        str(people),
        str(out),
        "--licence",
        "our own",
        "--prefix",
        "family/",
    ]
    assert run([*command, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["pack"] | {"photos": 5, "people": 2} == {
        "photos": 5, "people": 2, "validation_people": 0,
    }  # fmt: skip
    assert not out.exists()
    assert run(command) == 0
    manifest = json.loads(capsys.readouterr().out)["pack"]
    assert manifest["counts"]["faces"] == 4
    assert manifest["licence"] == "our own"
    assert [s["name"] for s in manifest["skipped"]] == ["person 1/broken.jpg"]
    pack = open_pack(out)
    assert pack.people == ("family/person 1", "family/person 4")
    likeness = pack.vectors @ pack.vectors.T
    same = pack.identities[:, None] == pack.identities[None]
    assert likeness[same].min() > 0.5 > likeness[~same].max(), "the vectors know who is who"
    assert np.abs(pack.landmarks.mean(0) - [[48, 60], [80, 60], [64, 78], [50, 93], [78, 93]]).max() < 4
    assert run(command) == 0, "again: nothing to do"
    assert json.loads(capsys.readouterr().out)["pack"] == manifest


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (["--size", "8"], 2, "32..512"),
        (["--images", "ffhq"], 2, "ffhq-ref"),
        (["--layout", "ffhq-ref"], 1, "reference_mapping"),
        (["--layout", "celeba"], 2, "celeba"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_mistakes_are_explained(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: list[str], code: int, said: str
):
    assert run(["--json", "train", "pack", str(people), str(tmp_path / "pack"), *change]) == code
    assert said in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["--json", "train", "pack", str(tmp_path / "none"), str(tmp_path / "pack")]) == 2
    assert "no such folder" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_packing_needs_no_torch(people: Path, tmp_path: Path):
    code = "import sys; from plugin.cli.main import run; run(sys.argv[1:]); assert 'torch' not in sys.modules"
    argv = ["--quiet", "train", "pack", str(people), str(tmp_path / "pack"), "--dry-run"]
    subprocess.run([sys.executable, "-c", code, *argv], check=True, stdout=subprocess.DEVNULL)
