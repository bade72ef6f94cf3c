"""The demo, as `make demo` runs it, and the built wheel doing the same on its own."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from plugin.cli.main import run

ROOT = Path(__file__).parents[2]


def check(report: dict, output: Path) -> None:
    assert len(report["people"]) == 6
    [result] = report["results"]
    assert result["person_id"] is not None
    assert result["references"], "references were chosen"
    assert result["identity"]["verdict"] == "pass"
    assert Path(result["output"]).is_file()
    with Image.open(report["before_after"]) as picture:
        assert picture.size == (1072, 576)
    assert "Derived from" in report["sample"]
    assert output in Path(report["before_after"]).parents


def test_demo_finds_people_chooses_references_and_restores(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["--json", "--quiet", "demo", "--output", str(tmp_path)]) == 0
    check(json.loads(capsys.readouterr().out)["demo"], tmp_path)
    assert run(["--json", "--quiet", "demo", "--output", str(tmp_path)]) == 0, "it can be run again"


def test_demo_on_the_users_own_photos(sample: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["--json", "--quiet", "demo", "--output", str(tmp_path), "--photos", str(sample[0])]) == 0
    report = json.loads(capsys.readouterr().out)["demo"]
    assert report["sample"] is None
    assert Path(report["results"][0]["photo"]).parent == sample[0]


@pytest.mark.slow
def test_the_wheel_alone_can_make_its_database_and_run_the_demo(tmp_path: Path):
    """Installed without the checkout: migrations, model files and licences must be inside the wheel."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    assert {n.split("/")[0] for n in names} == {
        "iconface_core",
        "gallery_db",
        "plugin",
        f"{wheel.name.split('-py3')[0]}.dist-info",
    }
    assert any(n.startswith("gallery_db/migrations/versions/") for n in names)
    code = (
        "import sys, gallery_db; from plugin.cli.main import run;"
        f"assert gallery_db.__file__.startswith({str(tmp_path)!r}), gallery_db.__file__;"
        "sys.exit(run(sys.argv[1:]))"
    )
    demo = subprocess.run(
        [sys.executable, "-P", "-c", code, "--json", "--quiet", "demo", "--output", str(tmp_path / "out")],
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert demo.returncode == 0, demo.stderr
    check(json.loads(demo.stdout)["demo"], tmp_path / "out")
