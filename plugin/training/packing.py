"""`train pack`: a folder of photos becomes a pack to train on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import UsageError
from ..progress import Progress
from ..rows import Row

if TYPE_CHECKING:
    from iconface_core.training.data.layouts import SourcePhoto
    from iconface_core.training.data.packing import Packer

Layout = Literal["folders", "ffhq-ref"]


@dataclass(frozen=True, slots=True)
class PackRequest:
    """What to pack. `images` is for ffhq-ref only: the FFHQ images when they are not beside the mappings."""

    source: Path
    out: Path
    size: int
    licence: str
    layout: Layout
    prefix: str = ""
    exclude: tuple[str, ...] = ()
    images: Path | None = None
    workers: int = 2


def photos_of(request: PackRequest) -> "list[SourcePhoto]":
    """Read the source's names, no pictures. Raises UsageError, PackError."""
    from iconface_core.training.data.layouts import read_ffhq_ref, read_folders

    if not request.source.is_dir():
        raise UsageError(f"{request.source}: no such folder")
    if request.layout == "ffhq-ref":
        return read_ffhq_ref(request.source, images=request.images, prefix=request.prefix)
    if request.images is not None:
        raise UsageError("--images goes with --layout ffhq-ref")
    return read_folders(request.source, prefix=request.prefix, exclude=request.exclude)


def preview(photos: "Sequence[SourcePhoto]") -> Row:
    """How much there is to pack."""
    people = {p.identity: p.split for p in photos}
    return {
        "photos": len(photos),
        "people": len(people),
        "validation_people": sum(split == "validation" for split in people.values()),
    }


def pack_photos(
    request: PackRequest,
    photos: "Sequence[SourcePhoto]",
    progress: Progress,
    load: "Callable[[int], Packer] | None" = None,
) -> Row:
    """Make the pack and return its manifest. `load(size)` makes the packer, by default with the shipped models.

    Raises PackError, UsageError for a size outside 32..512, OSError when the disk is full.
    """
    from iconface_core.training.data.packing import About, pack

    try:
        packer = (load or shipped_packer)(request.size)
    except ValueError as e:
        raise UsageError(str(e)) from e
    progress.total(len(photos))
    about = About(request.source.resolve().name, request.licence, request.layout)
    return pack(photos, request.out, packer, about, workers=request.workers, on_photo=progress.step)


def shipped_packer(size: int) -> "Packer":
    """YuNet and SFace, whatever backend the gallery uses: packs made anywhere go together."""
    from iconface_core.faces.sface import SFaceEmbedder
    from iconface_core.faces.yunet import YuNetDetector
    from iconface_core.training.data.packing import Packer

    return Packer(YuNetDetector(), SFaceEmbedder(), size)
