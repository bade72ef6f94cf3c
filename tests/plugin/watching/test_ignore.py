"""What is ignored: names of others' folders, hidden and half files, stop files, ignore files, our own folders."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.library.disk import walk
from plugin.library.ignore import IgnoreRules, is_candidate, is_ignored_folder


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def seen(root: Path, **rules) -> list[str]:
    """What a scan sees; and the same must be told of each path by itself, as the watcher asks."""
    ignore = IgnoreRules(root, **rules)
    walked = [f.path for f in walk(root, lambda e: None, rules=ignore)]
    alone = [str(p) for p in sorted(root.rglob("*")) if p.is_file() and not IgnoreRules(root, **rules).ignores(str(p))]
    assert sorted(walked) == sorted(alone), "walking and asking disagree"
    return sorted(str(Path(p).relative_to(root)) for p in walked)


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.jpg",
        "a.jpg.part",
        "b.jpg.crdownload",
        "c.tmp",
        "~syncthing~d.jpg.tmp",
        "~$e.jpg",
        "._f.jpg",
        "g.txt",
        "jpg",
    ],
)
def test_files_that_are_no_photos_of_the_user(name: str):
    assert not is_candidate(name)


@pytest.mark.parametrize(
    "name",
    ["@eaDir", "#recycle", ".Trash-1000", ".stversions", "__MACOSX", ".thumbnails", "lost+found", "$RECYCLE.BIN"],
)
def test_folders_of_others(name: str, tmp_path: Path):
    assert is_ignored_folder(name)
    put(tmp_path, "a.jpg", f"{name}/b.jpg", f"c/{name}/d/e.jpg")
    assert seen(tmp_path) == ["a.jpg"]


@pytest.mark.parametrize("stop", [".nomedia", ".noimage"])
def test_a_stop_file_ends_the_search_there(stop: str, tmp_path: Path):
    put(tmp_path, "a.jpg", f"quiet/{stop}", "quiet/b.jpg", "quiet/deep/c.jpg")
    assert seen(tmp_path) == ["a.jpg"]
    put(tmp_path, stop)
    assert seen(tmp_path) == []


def test_ignore_files_speak_gitignore_and_the_nearest_decides(tmp_path: Path):
    put(tmp_path, "a.jpg", "a.png", "raw/b.jpg", "x/raw/c.jpg", "x/keep.png", "x/y/d.png", "tmp1/e.jpg", "z/f.jpg")
    (tmp_path / ".iconfaceignore").write_text("# ours\n*.png\n/raw/\ntmp*/\n\n!\n")
    (tmp_path / "x" / ".iconfaceignore").write_text("!keep.png\n")
    (tmp_path / "z" / ".iconfaceignore").write_text("*\n")
    assert seen(tmp_path) == ["a.jpg", "x/keep.png", "x/raw/c.jpg"]


def test_an_ignore_file_cannot_bring_back_what_lies_in_an_ignored_folder(tmp_path: Path):
    put(tmp_path, "raw/a.jpg")
    (tmp_path / ".iconfaceignore").write_text("raw/\n!raw/a.jpg\n")
    assert seen(tmp_path) == []


def test_our_own_folder_inside_the_library(tmp_path: Path):
    put(tmp_path, "a.jpg", "Restored by iconface/a_restored.jpg", "Restored by iconface 2/b.jpg")
    assert seen(tmp_path, own=[tmp_path / "Restored by iconface"]) == ["Restored by iconface 2/b.jpg", "a.jpg"]


def test_rules_are_read_again_when_told(tmp_path: Path):
    put(tmp_path, "a.png")
    rules = IgnoreRules(tmp_path)
    assert not rules.ignores(str(tmp_path / "a.png"))
    (tmp_path / ".iconfaceignore").write_text("*.png\n")
    assert not rules.ignores(str(tmp_path / "a.png")), "remembered"
    rules.forget()
    assert rules.ignores(str(tmp_path / "a.png"))


def test_what_lies_outside_is_ignored(tmp_path: Path):
    rules = IgnoreRules(tmp_path / "in")
    for path in (tmp_path / "out.jpg", tmp_path / "in2" / "a.jpg", tmp_path):
        assert rules.ignores(str(path))


names = st.sampled_from(["a.jpg", "b.png", ".c.jpg", "@eaDir", "d", "e.d", ".nomedia", ".iconfaceignore", "raw"])
patterns = st.sampled_from(["*.png", "raw/", "/d", "!a.jpg", "d/**", "[", "!", "", "e.d/*.jpg", "**/raw"])


@given(
    st.lists(st.lists(names, min_size=1, max_size=4), max_size=12),
    st.lists(patterns, max_size=4),
)
def test_a_walk_and_a_question_about_one_path_agree(tmp_path_factory: pytest.TempPathFactory, tree, lines):
    root = tmp_path_factory.mktemp("tree")
    for parts in tree:
        path = root.joinpath(*parts)
        if any(p.is_file() for p in path.parents) or path.is_dir():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
    seen(root)
