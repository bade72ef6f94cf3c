"""A user's own ONNX restorer through the commands and the page: installed, listed, used, replaced; or refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from iconface_core.images.provenance import read_provenance
from iconface_core.models.files import sha256_of
from plugin.app import build_app
from plugin.settings import load_settings
from plugin.web.make import make_web
from plugin.web.site import make_site
from tests.support import onnx_files
from tests.support.library import Cli, Library

OWN = Path("data/models/own")


def models(cli: Cli) -> dict[str, dict[str, object]]:
    return {m["id"]: m for m in cli("models", "list")["models"]}


def test_installed_it_is_listed_checked_used_and_marked(cli: Cli, library: Library, tmp_path: Path):
    mine = onnx_files.contrast(tmp_path / "My Restorer (v2).onnx", 1.3)
    where = Path(cli("models", "install", mine, "--like", "gfpgan")["installed"])
    assert where.parent == library.home / OWN
    row = models(cli)["my-restorer-v2"]
    assert (row["name"], row["role"], row["installed"], row["bundled"]) == ("my-restorer-v2", "restorer", True, False)
    checks = cli("models", "verify", "my-restorer-v2")["files"]
    assert [c["ok"] for c in checks] == [True]
    said = [c["message"] for c in cli("doctor", code=0)["checks"] if c["check"] == "extension"]
    assert said == ["my-restorer-v2 (restorer, from a file of your own) can run"]
    out = tmp_path / "out"
    [face] = cli("restore", library.ruined, "--restorer", "my-restorer-v2", "--force", "-o", out)["results"]
    assert face["restorer"] == "my-restorer-v2"
    mark = read_provenance(Path(face["output"]))
    assert mark is not None
    assert (mark.faces[0].restorer, mark.faces[0].weights_sha256) == ("my-restorer-v2", sha256_of(mine))
    with Image.open(face["output"]) as after, Image.open(library.ruined) as before:
        assert np.abs(np.asarray(after.convert("RGB"), int) - np.asarray(before.convert("RGB"))).max() > 20
    assert json.loads((library.home / OWN / "my-restorer-v2.json").read_text())["like"] == "gfpgan"


def test_the_same_name_again_replaces_it_and_no_other_model(cli: Cli, library: Library, tmp_path: Path):
    one = onnx_files.contrast(tmp_path / "mine.onnx", 1.2, side=256)
    cli("models", "install", one, "--like", "gfpgan")
    two = onnx_files.codeformer(tmp_path / "other.onnx", 0.1)
    cli("models", "install", two, "--like", "codeformer", "--name", "mine")
    [weights] = (library.home / OWN).glob("*.onnx")
    assert sha256_of(weights) == sha256_of(two)
    assert cli("models", "verify", "mine")["files"][0]["ok"]
    for taken in ("nano", "gfpgan", "codeformer", "sface-2021dec", "auto"):
        error = cli("models", "install", one, "--like", "gfpgan", "--name", taken, code=2)["error"]["message"]
        assert f"{taken} is the name of another model" in error
    assert [p.name for p in (library.home / OWN).iterdir() if "unfinished" in p.name] == []


@pytest.mark.parametrize(
    ("make", "argv", "code", "why"),
    [
        (onnx_files.nan, ["--like", "gfpgan"], 1, "no numbers"),
        (lambda p: onnx_files.contrast(p, 0.0), ["--like", "gfpgan"], 1, "of one colour"),
        (onnx_files.codeformer, ["--like", "gfpgan"], 1, "takes 1 inputs beside the picture"),
        (onnx_files.text, ["--like", "gfpgan"], 1, "onnxruntime cannot open it"),
        (onnx_files.contrast, ["--like", "esrgan"], 2, "known are gfpgan"),
        (onnx_files.contrast, ["--like", "gfpgan", "--name", "../x"], 2, "cannot be a name"),
        (onnx_files.contrast, ["--name", "x"], 2, "--like"),
        (onnx_files.contrast, [], 2, "say with --like"),
        (onnx_files.contrast, ["--model", "gfpgan-1.4"], 1, "expected 340299087"),
    ],
)
def test_what_does_not_fit_is_refused_in_words_and_nothing_stays(
    cli: Cli, library: Library, tmp_path: Path, make, argv, code: int, why: str
):
    given = make(tmp_path / "given.onnx")
    error = cli("models", "install", given, *argv, code=code)["error"]["message"]
    assert why in error
    assert str(given) in error or code == 2
    left = library.home / "data" / "models"
    assert [p for p in left.rglob("*") if p.is_file()] == []


def test_a_file_that_goes_bad_writes_no_copy(cli: Cli, library: Library, tmp_path: Path):
    """It passed when it was installed. The next photo is tried all the same."""
    cli("models", "install", onnx_files.contrast(tmp_path / "mine.onnx", 1.2), "--like", "gfpgan")
    bad = onnx_files.nan(tmp_path / "bad.onnx")
    record = library.home / OWN / "mine.json"
    entry = json.loads(record.read_text())
    [weights] = (library.home / OWN).glob("*.onnx")
    entry |= {"sha256": sha256_of(bad), "bytes": bad.stat().st_size}
    weights.unlink()
    bad.rename(weights.with_name(f"mine-{entry['sha256'][:12]}.onnx"))
    record.write_text(json.dumps(entry))
    argv = ("restore", library.ruined, library.ruined, "--restorer", "mine", "--force", "-o", tmp_path / "out")
    first, second = cli(*argv, code=1)["results"]
    assert first["output"] is second["output"] is None
    assert "no numbers" in first["skipped_reason"]
    assert first["skipped_reason_data"]["params"]["why"]["code"] == "output_not_finite"
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_or_record_is_named_and_stops_nothing_else(cli: Cli, library: Library, tmp_path: Path):
    cli("models", "install", onnx_files.contrast(tmp_path / "mine.onnx", 1.2), "--like", "gfpgan")
    [weights] = (library.home / OWN).glob("*.onnx")
    weights.write_bytes(weights.read_bytes()[:-1])
    assert not cli("models", "verify", "mine", code=1)["files"][0]["ok"]
    error = cli("restore", library.ruined, "--restorer", "mine", code=1)["error"]["message"]
    assert "it is damaged" in error
    (library.home / OWN / "mine.json").write_text("{")
    assert "mine" not in models(cli)
    [said] = [c for c in cli("doctor", code=5)["checks"] if c["check"] == "extension"]
    assert "mine.json is not valid JSON" in said["message"]
    assert "unknown restorer 'mine'" in cli("restore", library.ruined, "--restorer", "mine", code=1)["error"]["message"]


def test_the_page_offers_it_and_a_job_of_the_queue_uses_it(cli: Cli, library: Library, tmp_path: Path):
    cli("restore", library.ruined)
    cli("models", "install", onnx_files.contrast(tmp_path / "mine.onnx", 1.3), "--like", "gfpgan")
    app = build_app(load_settings(library.home, {}))
    with make_web(app, 4711) as web, TestClient(make_site(web), base_url="http://127.0.0.1:4711") as site:
        site.get(f"/enter?ticket={web.sessions.ticket()}")
        with app.gallery.begin(write=False) as tx:
            [made] = tx.restorations.history(limit=1)
        form = site.get(f"/restorations/{made.id}/again").text
        assert re.search(r'<option value="mine"', form)
        assert "GFPGAN" not in form, "only what is installed is offered"
        assert "mine" in site.get("/library").text
        headers = {"HX-Request": "true", "Origin": "http://127.0.0.1:4711", "Sec-Fetch-Site": "same-origin"}
        asked = site.post(f"/restorations/{made.id}/again", data={"restorer": "mine"}, headers=headers)
        assert asked.status_code == 200
    app.close()
    [job] = cli("jobs", "run")["jobs"]
    assert [face["restorer"] for face in job["progress"]["faces"]] == ["mine"]


def test_a_provider_that_is_not_there_is_named_and_nothing_is_restored(cli: Cli, library: Library, tmp_path: Path):
    cli("models", "install", onnx_files.contrast(tmp_path / "mine.onnx", 1.3), "--like", "gfpgan")
    config = library.home / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text('onnx_provider = "openvino"\n')
    error = cli("restore", library.ruined, "--restorer", "mine", "-o", tmp_path / "out", code=1)["error"]["message"]
    assert "this onnxruntime cannot use openvino: pip install onnxruntime-openvino" in error
    assert not (tmp_path / "out").exists()
    config.write_text('onnx_provider = "tpu"\n')
    assert "'openvino'" in cli("models", "list", code=2)["error"]["message"]
