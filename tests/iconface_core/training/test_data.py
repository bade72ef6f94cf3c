"""Readers of training folders, and the split by person."""

from hashlib import sha1
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.errors import PackError
from iconface_core.training.data.layouts import read_ffhq_ref, read_folders, split_of

HEADER = "gt_image,lq_image,ref_image\n"


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not looked at")
    return path


def mapping(folder: Path, train: str, val: str = "", *, images: tuple[str, ...] = ()) -> Path:
    (folder / "reference_mapping").mkdir(parents=True)
    (folder / "reference_mapping" / "train_references.csv").write_text("gt_image,ref_image\n" + train)
    (folder / "reference_mapping" / "val_references.csv").write_text(HEADER + val)
    for name in images:
        touch(folder / "images1024x1024" / name)
    return folder


@given(st.text())
def test_the_split_follows_the_name_alone(name: str):
    expected = int(sha1(name.encode(errors="surrogatepass")).hexdigest()[:2], 16) < 0x26 if name.isascii() else None
    if expected is not None:
        assert split_of(name) == ("validation" if expected else "train")


def test_about_a_seventh_of_people_are_for_validation():
    shares = [split_of(f"person {i}") == "validation" for i in range(4000)]
    assert sum(shares) / 4000 == pytest.approx(0x26 / 256, abs=0.02)


def test_folders_are_people(tmp_path: Path):
    for name in ("b/2.jpg", "b/1.png", "a/degraded_1.png", "a/1.JPG", "group/c/1.webp", "a/notes.txt", "stray.jpg"):
        touch(tmp_path / name)
    photos = read_folders(tmp_path, prefix="mine/", exclude=["degraded_*"])
    assert [(p.name, p.identity) for p in photos] == [
        ("a/1.JPG", "mine/a"), ("b/1.png", "mine/b"), ("b/2.jpg", "mine/b"), ("group/c/1.webp", "mine/group/c"),
    ]  # fmt: skip
    assert all(p.split == split_of(p.identity) for p in photos)


def test_a_folder_without_people_is_said(tmp_path: Path):
    touch(tmp_path / "stray.jpg")
    with pytest.raises(PackError, match="named after people"):
        read_folders(tmp_path)
    with pytest.raises(PackError, match="no such folder"):
        read_folders(tmp_path / "nothing")


def test_ffhq_ref_groups_people_by_who_names_whom(tmp_path: Path):
    source = mapping(
        tmp_path,
        "00003.png,\"['00007.png', '00005.png']\"\n00009.png,['00007.png']\n00020.png,['00021.png']\n",
        "02001.png,02001.png,\"['02000.png']\"\n",
        images=("00003.png", "00005.png", "00007.png", "00000/00009.png", "00020.png", "02000/02001.png", "unused.png"),
    )
    photos = read_ffhq_ref(source)
    assert [(p.name, p.identity, p.split) for p in photos] == [
        ("00003.png", "00003", "train"),
        ("00005.png", "00003", "train"),
        ("00007.png", "00003", "train"),
        ("00009.png", "00003", "train"),
        ("00020.png", "00020", "train"),
        ("02001.png", "02000", "validation"),
    ]
    elsewhere = tmp_path / "ffhq"
    touch(elsewhere / "00021.png")
    assert [p.name for p in read_ffhq_ref(source, images=elsewhere)] == ["00021.png"]


@given(st.permutations(["1.png,\"['2.png']\"", "2.png,\"['3.png']\"", "4.png,\"['3.png']\"", "8.png,\"['9.png']\""]))
def test_people_do_not_depend_on_the_order_of_rows(rows: list[str]):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        names = tuple(f"{i}.png" for i in (1, 2, 3, 4, 8, 9))
        photos = read_ffhq_ref(mapping(Path(folder), "\n".join(rows), images=names))
    assert {p.name: p.identity for p in photos} == {n: "1" if n[0] in "1234" else "8" for n in names}


def test_nobody_is_on_both_sides(tmp_path: Path):
    source = mapping(tmp_path, "1.png,['2.png']\n", "3.png,3.png,['2.png']\n", images=("1.png",))
    with pytest.raises(PackError, match=r"2\.png"):
        read_ffhq_ref(source)


@pytest.mark.parametrize("row", ["1.png,nonsense(\n", "1.png,7\n", "1.png,\"__import__('os')\"\n"])
def test_a_broken_mapping_names_its_file(tmp_path: Path, row: str):
    with pytest.raises(PackError, match=r"train_references\.csv"):
        read_ffhq_ref(mapping(tmp_path, row))


def test_missing_mappings_and_images_are_said(tmp_path: Path):
    with pytest.raises(PackError, match="reference_mapping"):
        read_ffhq_ref(tmp_path)
    with pytest.raises(PackError, match="none of the 2"):
        read_ffhq_ref(mapping(tmp_path, "1.png,['2.png']\n"))
