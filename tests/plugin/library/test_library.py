"""Walking a folder and telling what changed, on real files."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from plugin.library.disk import compare, half_empty, walk, why_offline
from plugin.reasons import CANNOT_OPEN_FOLDER, EMPTY_FOLDER


@dataclass(frozen=True)
class Known:
    id: int
    size: int
    mtime_ns: int
    state: str = "indexed"


def names(root: Path) -> list[str]:
    problems: list[OSError] = []
    found = [os.path.relpath(f.path, root) for f in walk(root, problems.append)]
    assert not problems
    return found


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_walk_yields_photos_and_skips_what_is_not_the_users(tmp_path: Path):
    for name in [
        "b.jpg", "a b/ü 'q'.jpg", "a.txt", ".hidden.jpg", ".thumbnails/t.jpg", "@eaDir/b.jpg/SYNOPHOTO.jpg",
        "x.jpg.part", "quiet/.nomedia", "quiet/no.jpg", "quiet/deep/no.jpg",
    ]:  # fmt: skip
        touch(tmp_path / name)
    assert names(tmp_path) == ["b.jpg", "a b/ü 'q'.jpg"]


def test_links_to_folders_are_not_followed(tmp_path: Path):
    touch(tmp_path / "in" / "a.jpg")
    (tmp_path / "in" / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == ["in/a.jpg"]


def test_dangling_link_is_reported_and_does_not_stop_the_walk(tmp_path: Path):
    touch(tmp_path / "z.jpg")
    (tmp_path / "a.jpg").symlink_to(tmp_path / "nowhere.jpg")
    problems: list[OSError] = []
    assert [Path(f.path).name for f in walk(tmp_path, problems.append)] == ["z.jpg"]
    assert len(problems) == 1


def test_a_name_that_is_not_utf8_is_reported_and_left_out(tmp_path: Path):
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))).write_bytes(b"x")
    problems: list[OSError] = []
    assert list(walk(tmp_path, problems.append)) == []
    assert "not valid UTF-8" in str(problems[0])


def test_compare_tells_new_changed_gone_back_and_failed(tmp_path: Path):
    files = {f.path: f for f in walk(touch(tmp_path / "new.jpg").parent, lambda e: None)}
    for name in ["same", "changed", "back", "failed"]:
        touch(tmp_path / f"{name}.jpg")
    found = list(walk(tmp_path, lambda e: None))
    by_name = {Path(f.path).stem: f for f in found}
    known = {
        by_name["same"].path: Known(1, 1, by_name["same"].mtime_ns),
        by_name["changed"].path: Known(2, 7, by_name["changed"].mtime_ns),
        by_name["back"].path: Known(3, 1, by_name["back"].mtime_ns, "missing"),
        by_name["failed"].path: Known(4, 1, by_name["failed"].mtime_ns, "failed"),
        str(tmp_path / "gone.jpg"): Known(5, 1, 1),
        str(tmp_path / "long-gone.jpg"): Known(6, 1, 1, "missing"),
    }
    changes = compare(known, found, retry_failed=False)
    assert [Path(f.path).stem for f in changes.todo] == ["changed", "new"]
    assert (changes.gone, changes.back, changes.unchanged) == ([5], [3], 2)
    again = compare(known, found, retry_failed=True)
    assert [Path(f.path).stem for f in again.todo] == ["changed", "failed", "new"]
    assert files


@pytest.mark.parametrize(
    ("known", "gone", "expected"), [(100, 20, False), (100, 21, True), (12, 9, False), (12, 10, True)]
)
def test_half_empty_needs_both_a_share_and_a_number(known: int, gone: int, expected: bool):
    assert half_empty(known, gone) is expected


def test_offline_reasons_name_the_folder(tmp_path: Path):
    assert why_offline(tmp_path, known=0) is None
    assert why_offline(tmp_path, known=3) == EMPTY_FOLDER(path=str(tmp_path), photos=3)
    gone = why_offline(tmp_path / "gone", known=0)
    assert gone is not None
    assert (gone.code, gone.params["path"]) == (CANNOT_OPEN_FOLDER, str(tmp_path / "gone"))
