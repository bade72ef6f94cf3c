"""The folders of a first right-click, made before any gallery was."""

import stat
from pathlib import Path

from plugin.jobs import inbox


def test_the_data_folder_is_private_from_the_first_moment(tmp_path: Path):
    file = inbox.drop(tmp_path / "new" / "data" / "inbox", [Path("/p.jpg")], {})
    for path, mode in ((file, 0o600), (file.parent, 0o700), (file.parent.parent, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert inbox.waiting(file.parent) == [file]
    assert inbox.waiting(tmp_path / "nowhere") == []
