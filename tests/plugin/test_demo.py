"""The demo, as `make demo` runs it, and the built wheel doing the same on its own."""

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from plugin.cli.main import run

ROOT = Path(__file__).parents[2]


def check(report: dict[str, Any], output: Path) -> None:
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
def test_the_wheel_alone_is_the_command_and_runs_the_demo(tmp_path: Path):
    """Installed without the checkout: migrations, model files and licences must be inside the wheel, and only the names
    of its three packages in site-packages."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    info = f"{wheel.name.split('-py3')[0]}.dist-info"
    shared = info.replace(".dist-info", ".data")  # the manual page, completion and icon, outside of site-packages
    assert {n.split("/")[0] for n in names} == {"iconface", "gallery_db", "iconface_core", info, shared}
    assert {n.split("/")[1:3] == ["data", "share"] for n in names if n.startswith(shared)} == {True}
    assert any(n.startswith("gallery_db/migrations/versions/") for n in names)

    python, script = _installed(wheel, tmp_path / "venv")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}

    def said(*argv: object) -> str:
        done = subprocess.run([*map(str, argv)], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = said(python, "-c", "import gallery_db, iconface; print(gallery_db.__file__, iconface.__file__)")
    assert where.count(str(tmp_path / "venv")) == 2, where
    assert said(python, "-m", "iconface", "--version") == said(script, "--version")
    demo = said(script, "--json", "--quiet", "demo", "--output", tmp_path / "out")
    check(json.loads(demo)["demo"], tmp_path / "out")


def _installed(wheel: Path, folder: Path) -> tuple[Path, Path]:
    """The interpreter and the command of a new virtual environment that holds the wheel; its dependencies are those of
    this one. A path in a `.pth` file is only searched: editable installations there are not seen."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    paths = sysconfig.get_paths("venv", {"base": str(folder), "platbase": str(folder)})
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True)
    dependencies = Path(paths["purelib"], "dependencies.pth")
    dependencies.write_text("\n".join(dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))))
    return Path(paths["scripts"], "python"), Path(paths["scripts"], "iconface")
