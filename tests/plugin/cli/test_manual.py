"""The man page is what the help texts say now, and roff takes it without a complaint."""

import shutil
import subprocess
from pathlib import Path

import pytest

from plugin.cli.manual import manual

PAGE = Path(__file__).parents[3] / "docs" / "iconface.1"


def test_the_page_that_is_installed_says_what_the_commands_say_now():
    assert PAGE.read_text("utf-8") == manual(), "run: make man"


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff (see .ci/system-packages)")
def test_roff_has_no_complaint():
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", str(PAGE)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    read = subprocess.run(["col", "-b"], input=done.stdout, capture_output=True, text=True, check=True).stdout
    for line in ("people merge", "--accept-missing", "EXIT STATUS", "~/.local/share"):
        assert line in read
