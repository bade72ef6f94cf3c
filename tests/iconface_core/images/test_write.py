"""A restored photo is a new, complete file that keeps everything but the face; a failure leaves nothing behind."""

import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from iconface_core.errors import ImageWriteError
from iconface_core.images.atomic_write import publish
from iconface_core.images.carrying import CopyForm
from iconface_core.images.provenance import FaceProvenance, Provenance, read_provenance
from iconface_core.images.read import read_photo
from iconface_core.images.write import write_restored
from iconface_core.types import Patch
from tests.support.narrow import present

RECORD = Provenance(
    "old.jpg",
    "ab" * 32,
    "iconface 0.1",
    datetime(2026, 1, 2, tzinfo=UTC),
    (FaceProvenance((1, 2, 3, 4), "r", "0" * 64, 42, 1),),
)
FACE = np.s_[20:40, 30:60]


def restore(path: Path, folder: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """Change the face of a photo and write it; returns the path, what was meant and what is read back."""
    photo = read_photo(path)
    meant = photo.pixels.copy()
    meant[FACE] = meant[FACE] // 2 + 40
    written = write_restored(path, meant, RECORD, folder)
    return written.path, meant, read_photo(written.path).pixels


def outside(pixels: np.ndarray) -> np.ndarray:
    kept = pixels.astype(int).copy()
    kept[FACE] = 0
    return kept


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.webp"])
def test_lossless_outputs_are_exact(pictures, tmp_path: Path, name: str, orientation: int) -> None:
    options = {} if name == "a.bmp" else {"exif": pictures.exif(orientation)}
    if name == "a.webp":
        options["lossless"] = True
    path, meant, got = restore(pictures.save(tmp_path / name, pictures.textured(), **options), tmp_path)
    assert (got == meant).all()
    assert path.suffix == (".png" if name == "a.bmp" else path.suffix)
    assert pictures.opened(path).getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize(
    ("mode", "name"),
    [("L", "a.png"), ("L", "a.tif"), ("LA", "a.png"), ("RGBA", "a.png"), ("RGBA", "a.tif"), ("P", "a.png")],
)
def test_modes_stay(pictures, tmp_path: Path, mode: str, name: str) -> None:
    image = Image.fromarray(pictures.textured())
    image = image.quantize() if mode == "P" else image.convert(mode)
    path, meant, got = restore(pictures.save(tmp_path / name, image), tmp_path)
    assert np.abs(got.astype(int) - meant).max() == 0
    assert len(pictures.opened(path).getbands()) >= len(image.getbands()) or mode == "P"


def test_grey_stays_grey(pictures, tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        path, meant, got = restore(
            pictures.save(tmp_path / name, Image.fromarray(pictures.textured()).convert("L")), tmp_path
        )
        assert pictures.opened(path).mode == "L"
        assert np.abs(got.astype(int) - meant).max() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sixteen_bit_colour_keeps_every_bit_outside_the_face(pictures, tmp_path: Path, orientation: int) -> None:
    rng = np.random.default_rng(orientation)
    deep = rng.integers(0, 65536, (64, 96, 3), np.uint16)
    meta = np.frombuffer(pictures.exif(orientation).tobytes()[6:], np.uint8)
    done, data = cv2.imencodeWithMetadata(".png", deep, [cv2.IMAGE_METADATA_EXIF], [meta])
    assert done
    (tmp_path / "a.png").write_bytes(data.tobytes())
    path, _, _ = restore(tmp_path / "a.png", tmp_path)
    upright = {1: deep, 2: deep[:, ::-1], 3: deep[::-1, ::-1], 4: deep[::-1], 5: deep.swapaxes(0, 1)}
    upright |= {6: np.rot90(deep, -1), 7: deep[::-1, ::-1].swapaxes(0, 1), 8: np.rot90(deep, 1)}
    got = present(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    assert got.dtype == np.uint16
    assert (outside(got) == outside(upright[orientation])).all()
    assert (got[FACE] != upright[orientation][FACE]).any()


def test_sixteen_bit_grey_and_tiff(pictures, tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (64, 96), np.uint16)
    for name in ("a.png", "a.tif"):
        Image.fromarray(deep).save(tmp_path / name)
        path, _, _ = restore(tmp_path / name, tmp_path)
        got = np.asarray(pictures.opened(path))
        assert path.suffix == Path(name).suffix
        assert (outside(got) == outside(deep)).all()
    colour = np.random.default_rng(1).integers(0, 65536, (64, 96, 3), np.uint16)
    cv2.imwrite(str(tmp_path / "c.tif"), colour)
    path, _, _ = restore(tmp_path / "c.tif", tmp_path)
    assert path.name == "c_restored.png"
    assert (outside(present(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))) == outside(colour)).all()


def test_jpeg_stays_close(pictures, tmp_path: Path) -> None:
    path, meant, got = restore(pictures.save(tmp_path / "a.JPG", pictures.textured(), quality=92), tmp_path)
    assert path.name == "a_restored.JPG"
    assert np.abs(got.astype(int) - meant).mean() < 2
    assert pictures.opened(path).layer[0][1:3] == (1, 1)  # no chroma subsampling


def test_a_profile_is_kept_with_its_values(pictures, tmp_path: Path) -> None:
    """A linear-light profile: far from sRGB, so that mixing up the two spaces would show."""
    profile = linear_profile()
    stored = pictures.textured()
    path, meant, got = restore(pictures.save(tmp_path / "a.png", stored, icc_profile=profile), tmp_path)
    image = pictures.opened(path)
    assert image.info["icc_profile"] == profile
    assert (outside(np.asarray(image)) == outside(stored)).all()
    assert np.abs(got[FACE].astype(int) - meant[FACE]).mean() < 3


def linear_profile() -> bytes:
    """sRGB primaries with gamma 1, made by patching the curves of littlecms's own sRGB profile."""
    import struct

    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", data, 128)
    for i in range(count):
        name, at, size = struct.unpack_from(">4sII", data, 132 + 12 * i)
        if name in {b"rTRC", b"gTRC", b"bTRC"}:
            data[at : at + 12] = b"curv" + bytes(4) + struct.pack(">I", 0)  # no entries: the identity
            struct.pack_into(">I", data, 132 + 12 * i + 8, 12)
            assert size >= 12
    return bytes(data)


def test_cmyk_heic_and_gif_have_documented_fallbacks(pictures, tmp_path: Path) -> None:
    image = Image.fromarray(pictures.textured())
    image.convert("CMYK").save(tmp_path / "c.jpg")
    image.save(tmp_path / "g.gif")
    pillow_heif.from_pillow(image).save(tmp_path / "h.heic")
    names = {"c.jpg": "c_restored.jpg", "g.gif": "g_restored.png", "h.heic": "h_restored.jpg"}
    for name, expected in names.items():
        photo = read_photo(tmp_path / name)
        written = write_restored(tmp_path / name, photo.pixels, RECORD, tmp_path)
        assert written.path.name == expected
        assert written.notes
        assert np.abs(read_photo(written.path).pixels.astype(int) - photo.pixels).mean() < 3


def test_exif_resolution_and_foreign_xmp_are_kept(pictures, tmp_path: Path) -> None:
    foreign = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description xmlns:lr="http://ns.adobe.com/lightroom/1.0/" lr:mark="kept"/></rdf:RDF></x:xmpmeta>"""
    for name in ("a.jpg", "a.png", "a.tif", "a.webp"):
        extra = {"xmp": foreign} if name in {"a.jpg", "a.webp"} else {}
        source = pictures.save(tmp_path / name, exif=pictures.exif(6, offset="+02:00"), dpi=(300, 300), **extra)
        path, _, _ = restore(source, tmp_path)
        image, before = pictures.opened(path), read_photo(source)
        assert image.getexif()[0x010F] == "Camera", name
        assert read_photo(path).captured_at == before.captured_at, name
        assert (read_photo(path).width, read_photo(path).height) == (before.width, before.height)
        if name != "a.webp":
            assert tuple(round(float(v)) for v in image.info["dpi"]) == (300, 300), name
        if extra:
            assert b"kept" in image.info["xmp"], name
        assert read_provenance(path) == RECORD


def test_names_never_collide(pictures, tmp_path: Path) -> None:
    source = pictures.save(tmp_path / "a.jpg")
    (tmp_path / "a_restored.jpg").write_text("mine")
    pixels = read_photo(source).pixels
    names = [write_restored(source, pixels, RECORD, tmp_path).path.name for _ in range(3)]
    assert names == ["a_restored-2.jpg", "a_restored-3.jpg", "a_restored-4.jpg"]
    assert (tmp_path / "a_restored.jpg").read_text() == "mine"


def test_the_original_is_untouched(pictures, tmp_path: Path) -> None:
    source = pictures.save(tmp_path / "a.jpg")
    source.chmod(0o440)
    before = source.read_bytes(), source.stat().st_mtime_ns
    path, _, _ = restore(source, tmp_path)
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_leaves_nothing_behind(pictures, tmp_path: Path) -> None:
    """A limit on the size of files fails in the middle of writing, exactly as a full disk does."""
    for name in ("a.jpg", "a.png", "a.tif"):
        source = pictures.save(tmp_path / name, pictures.textured(400, 300))
        pixels = read_photo(source).pixels
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            with pytest.raises(ImageWriteError, match=r"a_restored.*nothing was left behind"):
                write_restored(source, pixels, RECORD, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg", "a.png", "a.tif"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root may write to")
def test_unwritable_and_missing_folders(pictures, tmp_path: Path) -> None:
    source = pictures.save(tmp_path / "a.jpg")
    for folder in (Path("/proc"), tmp_path / "gone", source):
        with pytest.raises(ImageWriteError):
            write_restored(source, read_photo(source).pixels, RECORD, folder)


@pytest.mark.parametrize("nameless", [True, False], ids=["nameless", "hidden"])
def test_an_interrupt_leaves_nothing_behind(pictures, tmp_path: Path, monkeypatch, nameless: bool) -> None:
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    source = pictures.save(tmp_path / "a.jpg")
    pixels = read_photo(source).pixels

    def interrupt(frame: FrameType, event: str, argument: object) -> None:
        if event == "return" and frame.f_code.co_name == "_fill":
            raise KeyboardInterrupt

    sys.setprofile(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            write_restored(source, pixels, RECORD, tmp_path)
    finally:
        sys.setprofile(None)
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg"]


def test_wrong_shape_is_a_programming_error(pictures, tmp_path: Path) -> None:
    source = pictures.save(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="96 x 64"):
        write_restored(source, np.zeros((10, 10, 3), np.uint8), RECORD, tmp_path)


def test_what_a_killed_writer_left_is_swept_when_it_is_old(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)  # as on systems where such a file needs a name
    source = tmp_path / "a.jpg"
    source.write_bytes(b"x")
    old, fresh, other = (tmp_path / n for n in (".a_restored.x1.part", ".a_restored.x2.part", ".b_restored.x3.part"))
    for path in (old, fresh, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (0, 0))
    publish(b"whole", iter([tmp_path / "a_restored.jpg"]), source)
    assert not old.exists()
    assert fresh.exists(), "another process may be writing it"
    assert other.exists(), "not this photo's"


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_transparency_hides_altogether_keeps_its_pixels(tmp_path: Path, mode: str):
    """A cut-out must not grow a ghost of the face around it when somebody removes its transparency."""
    source = tmp_path / "cut-out.png"
    image = Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).convert(mode)
    image.putalpha(Image.fromarray(np.where(np.arange(32) < 16, 0, 255)[None].repeat(32, 0).astype(np.uint8)))
    image.save(source)
    restored = np.full((32, 32, 3), 120, np.uint8)
    copy = np.asarray(Image.open(write_restored(source, restored, RECORD, tmp_path).path))
    original = np.asarray(Image.open(source))
    assert np.array_equal(copy[:, :16], original[:, :16])
    assert (copy[:, 16:, 0] == 120).all()
    assert np.array_equal(copy[..., -1], original[..., -1])


@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "palette", "cmyk", "deep", "grey"])
def test_patches_write_the_same_bytes_as_the_whole_picture(pictures, tmp_path: Path, kind: str) -> None:
    suffix = {"palette": "png", "cmyk": "jpg", "deep": "png", "grey": "jpg"}.get(kind, kind)
    source = tmp_path / f"a.{suffix}"
    image = Image.fromarray(pictures.textured(200, 120))
    if kind == "deep":
        cv2.imwrite(str(source), np.asarray(image)[:, :, ::-1].astype(np.uint16) * 257)
    else:
        modes = {"palette": "P", "cmyk": "CMYK", "grey": "L"}
        image.convert(modes.get(kind, "RGB")).save(source)
    whole = read_photo(source).pixels.copy()
    patches = [Patch((30, 20, 90, 70), np.full((50, 60, 3), 90, np.uint8))]
    patches.append(Patch((80, 60, 200, 120), 255 - whole[60:120, 80:200]))  # over a corner of the first
    for patch in patches:
        patch.put_into(whole)
    one = write_restored(source, whole, RECORD, tmp_path).path
    other = write_restored(source, patches, RECORD, tmp_path).path
    assert one.read_bytes() == other.read_bytes()


def test_a_patch_of_another_picture_is_refused(pictures, tmp_path: Path) -> None:
    source = pictures.save(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match="96 x 64"):
        write_restored(source, [Patch((90, 0, 100, 10), np.zeros((10, 10, 3), np.uint8))], RECORD, tmp_path)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("kind", ["L", "LA", "RGB", "RGBA", "P", "1", "grey 16", "RGB 16", "turned"])
def test_an_enlarged_copy_is_what_was_meant_in_the_originals_own_depth(tmp_path: Path, kind: str):
    rng = np.random.default_rng(4)
    soft = cv2.GaussianBlur(rng.normal(0, 1, (40, 60, 3)).astype(np.float32), (0, 0), 3)
    pixels = (120 + 60 * soft / soft.std()).clip(0, 255).astype(np.uint8)
    path = tmp_path / "a.png"
    if kind.endswith("16"):
        deep = pixels.astype(np.uint16) * 257
        cv2.imwrite(str(path), deep[..., 0] if kind == "grey 16" else deep)
    elif kind == "turned":
        exif = Image.Exif()
        exif[274] = 6
        Image.fromarray(pixels).save(path, exif=exif)
    else:
        Image.fromarray(pixels).convert(kind).save(path)
    photo = read_photo(path)
    meant = np.repeat(np.repeat(photo.pixels, 2, 0), 2, 1)
    meant = cv2.GaussianBlur(meant, (0, 0), 1)
    if kind in ("L", "LA", "grey 16", "1"):
        meant = np.repeat(meant[..., :1], 3, axis=2)
    written = write_restored(path, meant, RECORD, tmp_path, form=CopyForm(enlarge=2))
    got = read_photo(written.path)
    assert (got.width, got.height) == (photo.width * 2, photo.height * 2)
    assert np.abs(got.pixels.astype(int) - meant).max() <= 2
    if kind.endswith("16"):
        assert present(cv2.imread(str(written.path), cv2.IMREAD_UNCHANGED)).dtype == np.uint16
