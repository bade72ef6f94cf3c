"""Code that lies beside the photos is never run, whatever iconface starts while somebody stands there."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from plugin.installed_files.command import entry_command, guarded
from plugin.service.control import ask
from tests.support.library import Library
from tests.support.service import at_rest
from tests.support.waiting import until

ICONFACE = str(Path(sys.executable).with_name("iconface"))
NAMES = (
    "plugin", "iconface_core", "gallery_db", "migrations", "iconface", "sitecustomize", "json", "re", "os",
    "logging", "typing", "subprocess", "multiprocessing", "numpy", "torch", "cv2", "PIL", "sqlite3", "faiss",
    "onnxruntime", "typer", "fastapi", "uvicorn", "psutil", "desktop_notifier", "asyncio", "encodings",
)  # fmt: skip


@pytest.fixture
def hostile(library: Library, tmp_path: Path) -> Path:
    """A folder with a ruined photo and modules that leave a mark when they are imported, as files and as packages."""
    folder, marks = tmp_path / "photos", tmp_path / "marks"
    folder.mkdir()
    marks.mkdir()
    shutil.copy(library.ruined, folder / "ruined.jpg")
    for name in NAMES:
        code = f"open({str(marks / name)!r}, 'w').close()\nraise SystemExit(66)\n"
        if name in ("iconface_core", "torch"):
            (folder / name).mkdir()
            (folder / name / "__init__.py").write_text(code)
        else:
            (folder / f"{name}.py").write_text(code)
    return folder


def run(argv: Sequence[object], folder: Path) -> None:
    done = subprocess.run([*map(str, argv)], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.slow
def test_no_process_of_ours_runs_it(library: Library, hostile: Path, tmp_path: Path) -> None:
    iconface = (ICONFACE, "--home", library.home, "--quiet")
    runtime = library.home / "data" / "run"
    run((*iconface, "library", "add", "."), hostile)
    run((*iconface, "scan"), hostile)
    run((*iconface, "restore", "ruined.jpg", "--output", "out"), hostile)
    assert list((hostile / "out").glob("ruined_restored*")), "a relative path is one of the folder somebody stands in"
    run((*iconface, "integrate", "install", "--dry-run"), hostile)
    # What a file manager runs: it starts a service, which starts a worker and the page.
    run((*guarded(entry_command(library.home)), "nobody.jpg"), hostile)  # shows a note
    run((*guarded(entry_command(library.home)), "ruined.jpg"), hostile)
    try:
        until(lambda: ask(runtime, "ping") is not None)
        until(lambda: at_rest(runtime))
        assert ask(runtime, "stop") is not None
        until(lambda: ask(runtime, "ping") is None)
    finally:
        ask(runtime, "stop")
    service = subprocess.Popen([*map(str, iconface), "service", "run", "--no-watch"], cwd=hostile)
    try:
        until(lambda: ask(runtime, "ping") is not None)
        run((*iconface, "web", "--no-browser"), hostile)
    finally:
        ask(runtime, "stop")
        assert service.wait(60) == 0
    assert not list((tmp_path / "marks").iterdir())


@pytest.mark.parametrize("module", ["iconface", "plugin"])
def test_not_even_as_a_module(module: str, library: Library, hostile: Path, tmp_path: Path) -> None:
    """`python -m iconface` is how an installation without scripts is started. An `iconface.py` there is what was asked
    for; what it would have imported is not."""
    (hostile / f"{module}.py").unlink()
    run((sys.executable, "-m", module, "--home", library.home, "--quiet", "people", "list"), hostile)
    assert not list((tmp_path / "marks").iterdir())


def test_every_process_is_started_by_one_rule() -> None:
    root = Path(__file__).resolve().parents[2] / "plugin"
    places = [p for p in root.rglob("*.py") if "sys.executable" in p.read_text()]
    assert sorted(p.name for p in places) == ["own_process.py", "restart.py"], (
        "restart.py goes on with its own command line"
    )
    for path in root.rglob("*.py"):
        text = path.read_text()
        if "own_module(" in text and "Popen(" in text:
            assert "cwd=" in text, f"{path} starts a process where the user stands"
