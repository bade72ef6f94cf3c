"""Whatever lies under a name that is opened: never waited for, never read without end."""

import os
import socket

import pytest

from iconface_core.images.formats import content_hash, sniff_format
from iconface_core.images.regular_files import open_regular, read_small


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "to_pipe").symlink_to("pipe")
    (tmp_path / "to_zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    for path in sorted(tmp_path.iterdir()):
        for read in (open_regular, content_hash, sniff_format, lambda p: read_small(p, 10)):
            with pytest.raises(OSError, match=r"regular|directory|address|device|symbolic"):
                read(path)
    listener.close()


def test_a_link_to_a_file_is_that_file(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").symlink_to("a")
    assert read_small(tmp_path / "b", 5) == b"12345"
    with pytest.raises(OSError, match="4 bytes"):
        read_small(tmp_path / "b", 4)
