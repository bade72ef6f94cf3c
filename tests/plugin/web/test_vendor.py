"""What is vendored is what its README says, with its licence beside it."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[3] / "plugin" / "web" / "static" / "vendor"


def test_every_vendored_file_has_the_hash_its_readme_gives_and_a_licence():
    rows = re.findall(r"`([\w/.-]+)` \| `([0-9a-f]{64})` \| [\w-]+, `([\w/.-]+)`", (VENDOR / "README.md").read_text())
    for name, expected, licence in rows:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == expected, name
        assert (VENDOR / licence).stat().st_size > 100
    named = {name for row in rows for name in (row[0], row[2])} | {"README.md"}
    assert {p.relative_to(VENDOR).as_posix() for p in VENDOR.rglob("*") if p.is_file()} == named


def test_nothing_is_asked_of_other_hosts():
    """Offline for ever: no address of another host in what a browser loads."""
    web = VENDOR.parents[1]
    own = [p for p in web.rglob("*") if p.suffix in (".html", ".css", ".js", ".svg") and "vendor" not in p.parts]
    assert own
    for path in own:
        found = [u for u in re.findall(r"(?:https?:)?//[\w.-]+\.\w+", path.read_text()) if "www.w3.org" not in u]
        assert found == [], path
