"""Whatever one file does, the others are read, and it gets a reason."""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from gallery_db.records import PhotoRecord
from iconface_core.errors import ImageReadError, WeightsError
from iconface_core.fakes import FakeDetector, FakeEmbedder
from iconface_core.reason_codes import FILE_EMPTY, TOO_MANY_BYTES
from iconface_core.types import RgbU8
from plugin.library.bad_files import in_file
from plugin.library.disk import KnownFile, look_up, walk
from plugin.library.finding import find_faces
from plugin.library.ignore import IgnoreRules
from plugin.library.indexing import FileLook, Indexer
from plugin.library.once import each_once
from plugin.models.cache import ModelHost
from plugin.reason_words import in_words
from plugin.reasons import NO_MEMORY, SYSTEM_ERROR, UNREADABLE
from plugin.settings import load_settings


class Raising(FakeDetector):
    """A detector that some pictures upset."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def detect(self, image: RgbU8):
        raise self.error


def no_error(error: OSError) -> None:
    pytest.fail(str(error))


def look(path: Path, detector: FakeDetector | None = None) -> FileLook:
    host = ModelHost()
    indexer = Indexer(
        host.slot(lambda: detector or FakeDetector()), host.slot(FakeEmbedder), reduce_to=400, max_pixels=10_000_000
    )
    found = look_up(str(path), no_error)
    assert found is not None
    return indexer.look(found, lambda _: None, lambda *_: None)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RecursionError(), UNREADABLE),
        (MemoryError(), NO_MEMORY),
        (AssertionError("odd"), UNREADABLE),
        (cv2.error("bad"), UNREADABLE),
        (struct.error("x"), UNREADABLE),
        (OSError(5, "EIO"), SYSTEM_ERROR),
    ],
)
def test_any_exception_of_one_file_is_its_reason(tmp_path, error, code):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "a.png")
    seen = look(tmp_path / "a.png", Raising(error))
    assert seen.photo is None
    assert seen.failure is not None
    assert seen.failure.code == code


def test_a_missing_model_is_nobodys_reason(tmp_path):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "a.png")
    with pytest.raises(WeightsError):
        look(tmp_path / "a.png", Raising(WeightsError("gone")))


def test_reasons_name_the_file_once():
    path = Path("/x/a.jpg")
    said = [
        in_words(in_file(path, e))
        for e in (
            ImageReadError("/x/a.jpg: empty"),
            ImageReadError("/x/a.jpg: the file is empty (0 bytes)", FILE_EMPTY()),
            OSError(5, "Input/output error"),
            MemoryError(),
            RecursionError(),
        )
    ]
    assert said == [
        "/x/a.jpg: empty",
        "/x/a.jpg: the file is empty (0 bytes)",
        "/x/a.jpg: Input/output error",
        "/x/a.jpg: there is not enough memory for it",
        "/x/a.jpg: cannot be read (RecursionError)",
    ]


def test_a_sparse_file_of_fifty_gigabytes_is_left_at_once(tmp_path):
    with (tmp_path / "a.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff\xe0")
        file.truncate(50 * 10**9)
    seen = look(tmp_path / "a.jpg")
    assert seen.failure is not None
    assert (seen.failure.code, seen.failure.params["bytes"]) == (TOO_MANY_BYTES, 50 * 10**9)


def test_rules_that_are_a_pipe_or_have_no_end_ignore_nothing(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    for make in (lambda p: os.mkfifo(p), lambda p: p.symlink_to("/dev/zero"), lambda p: p.mkdir()):
        rules = tmp_path / ".iconfaceignore"
        make(rules)
        assert [Path(f.path).name for f in walk(tmp_path, no_error)] == ["a.png"]
        rules.rmdir() if rules.is_dir() and not rules.is_symlink() else rules.unlink()


def test_a_configuration_that_is_a_pipe_is_an_error(tmp_path):
    from plugin.errors import UsageError

    (tmp_path / "config").mkdir()
    os.mkfifo(tmp_path / "config" / "config.toml")
    with pytest.raises(UsageError, match=r"config\.toml"):
        load_settings(tmp_path, {})


@dataclass(frozen=True)
class Known:
    id: int
    size: int
    mtime_ns: int
    state: str = "indexed"


def found_once(
    root: Path, known: Mapping[str, KnownFile] | None = None, rows: list[PhotoRecord] | None = None
) -> list[str]:
    files = each_once(walk(root, no_error), known or {}, [IgnoreRules(root)], lambda _: rows or [])
    return sorted(str(Path(f.path).relative_to(root)) for f in files)


def test_a_photo_with_several_names_is_one_photo(tmp_path):
    lib = tmp_path / "lib"
    for folder in ("real", "links", ".store"):
        (lib / folder).mkdir(parents=True)
    outside = tmp_path / "outside.png"
    for path in (lib / "real" / "a.png", lib / "real" / "b.png", lib / ".store" / "blob", outside):
        Image.new("RGB", (8, 8)).save(path, "PNG")
    (lib / "links" / "a.png").symlink_to("../real/a.png")
    (lib / "links" / "again.png").symlink_to("a.png")
    (lib / "links" / "out1.png").symlink_to(outside)
    (lib / "links" / "out2.png").symlink_to(outside)
    (lib / "links" / "annexed.png").symlink_to("../.store/blob")
    os.link(lib / "real" / "a.png", lib / "real" / "hard_a.png")
    assert found_once(lib) == ["links/annexed.png", "links/out1.png", "real/a.png", "real/b.png"]
    everything = {f.path: Known(n, f.size, f.mtime_ns) for n, f in enumerate(walk(lib, no_error))}
    assert len(found_once(lib, everything)) == len(everything), "what is known stays, with what was decided about it"


class Small(FakeDetector):
    """Sees bright squares of 20 pixels and more."""

    def __init__(self) -> None:
        self.closer = 0

    def detect(self, image: RgbU8):
        return []

    def detect_small(self, image: RgbU8):
        self.closer += 1
        self.size = image.shape[:2]
        return super().detect(image)


@pytest.mark.parametrize(
    ("size", "closer"), [((1200, 900), 0), ((4000, 300), 1), ((3000, 2400), 1), ((300, 200), 0), ((400, 30), 0)]
)
def test_a_closer_look_is_for_panoramas_and_huge_scans(tmp_path, size, closer):
    Image.fromarray(np.zeros((size[1], size[0], 3), np.uint8)).save(tmp_path / "a.png")
    detector = Small()
    photo, faces = find_faces(tmp_path / "a.png", detector, reduce_to=400)
    assert detector.closer == closer
    assert len(faces) == closer
    if closer:
        box = photo.full_face(faces[0]).bbox
        assert (round(box.x2), round(box.y2)) == size
