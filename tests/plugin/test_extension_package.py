"""The example package, built and installed as anybody would: it is found, listed, offered, used and checked."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.library import Library

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "iconface-unsharp"

pytestmark = pytest.mark.slow

PAGE = """
import sys
from pathlib import Path
from starlette.testclient import TestClient
from plugin.app import build_app
from plugin.settings import load_settings
from plugin.web.make import make_web
from plugin.web.site import make_site

app = build_app(load_settings(Path(sys.argv[1]), {}))
with make_web(app, 4711) as web, TestClient(make_site(web), base_url="http://127.0.0.1:4711") as site:
    site.get(f"/enter?ticket={web.sessions.ticket()}")
    with app.gallery.begin(write=False) as tx:
        [made] = tx.restorations.history(limit=1)
    for path in (f"/restorations/{made.id}", f"/restorations/{made.id}/again", "/library"):
        print(site.get(path).text)
app.close()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages with the example in it."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    # Built in a copy: building leaves files beside the sources.
    source = tmp_path_factory.mktemp("source") / "iconface-unsharp"
    subprocess.run(
        [sys.executable, "-c", f"import shutil; shutil.copytree({str(EXAMPLE)!r}, {str(source)!r})"], check=True
    )
    done = subprocess.run(
        [*pip, "--no-build-isolation", "--no-index", "--target", str(site), str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (site / "iconface_unsharp").is_dir()
    return site


def python(installed: Path, folder: Path, *argv: object) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), str(ROOT)])}
    return subprocess.run(
        [sys.executable, "-P", *map(str, argv)], env=env, cwd=folder, capture_output=True, text=True, timeout=280
    )


def test_it_is_listed_checked_used_and_offered(installed: Path, library: Library, tmp_path: Path):
    def iconface(*argv: object) -> dict[str, Any]:
        done = python(installed, tmp_path, "-m", "plugin", "--home", library.home, "--json", "--yes", *argv)
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    [row] = [m for m in iconface("models", "list")["models"] if m["id"] == "unsharp-mask"]
    assert (row["name"], row["role"], row["installed"], row["licence"]) == ("unsharp", "restorer", True, "Apache-2.0")
    [check] = [c for c in iconface("doctor")["checks"] if c["check"] == "extension"]
    assert check["ok"] is True
    assert check["message"] == "unsharp-mask (restorer, from iconface-unsharp 0.1.0) can run"
    [face] = iconface("restore", library.ruined, "--restorer", "unsharp", "--force", "-o", tmp_path / "out")["results"]
    assert face["restorer"] == "unsharp-mask"
    assert Path(face["output"]).is_file()

    page = python(installed, tmp_path, "-c", PAGE, library.home)
    assert page.returncode == 0, page.stderr
    assert re.search(r'<option value="unsharp">\s*Unsharp mask', page.stdout), "offered for another try"
    assert page.stdout.count("Unsharp mask") >= 3, "and named on the restoration and among the models"


def test_its_own_tests_pass(installed: Path, tmp_path: Path):
    done = python(installed, tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLE / "tests")
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_it_nothing_is_left_of_it(library: Library, tmp_path: Path):
    done = python(ROOT, tmp_path, "-m", "plugin", "--home", library.home, "--json", "models", "show", "unsharp-mask")
    assert done.returncode == 1
    assert "unknown backend 'unsharp-mask'" in done.stdout


def test_a_package_that_lies_where_somebody_stands_is_not_found(installed: Path, library: Library, tmp_path: Path):
    done = python(tmp_path, installed, "-m", "plugin", "--home", library.home, "--json", "models", "list")
    assert done.returncode == 0, done.stderr
    assert "unsharp" not in done.stdout
