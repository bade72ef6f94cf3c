"""The mark every restored photo carries: an XMP record of what was done, and how to recognise it again.

The packet says so in three vocabularies: IPTC `DigitalSourceType` (what other programs show as "edited with AI"),
XMP media management (`DerivedFrom`, `History`), and our own namespace, which holds one JSON record per restored face.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from iconface_core.codec import CodecError, decode_json, encode_json

from . import xmp
from .formats import sniff_bytes
from .read import read_xmp
from .regular_files import open_regular

NAMESPACE = "https://iconface.invalid/ns/1.0/"
"""Ours. `.invalid` never resolves: an XML namespace is a name, not an address."""

COMPOSITE_WITH_AI = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
ENHANCED = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_MM = "http://ns.adobe.com/xap/1.0/mm/"
_EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
_REF = "http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_NOTICE = "Contains faces restored by AI."
_PHOTO_NOTICE = "Damage, noise or tones corrected by software."
_COLOUR_NOTICE = "Its colours are invented by AI: the original has none."

COLOUR = "colour"
"""The step that invents colours."""

ENLARGE = "enlarge"
"""What `StepModel.step` says of what enlarged the copy."""

_HEAD = 256 * 1024
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReferenceUsed:
    """A photo that helped: its file name (never its folder), content hash and score in the choice of references."""

    photo: str
    sha256: str
    score: float


@dataclass(frozen=True, slots=True)
class FaceProvenance:
    """What was done to one face. `bbox` is x1 y1 x2 y2 in upright pixels; similarities are cosines to the person's
    gallery, None when nobody was identified. `choice`, where results of several restorers were compared, is the JSON of
    a `CHOSEN` reason: which made this one, with what weights, and why it was taken."""

    bbox: tuple[float, float, float, float]
    restorer: str
    weights_sha256: str
    seed: int
    strength: float
    steps: int | None = None
    references: tuple[ReferenceUsed, ...] = ()
    similarity_before: float | None = None
    similarity_after: float | None = None
    verdict: str = "pass"
    choice: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StepModel:
    """What did one step of a whole photo. `weights_sha256` is None for what has no weights."""

    step: str
    model: str
    weights_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class PhotoProvenance:
    """What was done to the whole photo, beside its faces. `steps` are those that changed it, in their order.

    `filled` is the part of its pixels that damage hid, 0..1, as the network with these weights found it; `seed` is the
    grain's there. `tones` are, for red, green and blue, the value that became 0 and the one that became 255:
    `whole_photo.fading.ToneCurve` takes them back. `weights_sha256` is None where no network looked. `noise` is the
    standard deviation, in 8-bit steps, of what was taken away as noise. `models` did the steps: what filled, cleaned
    and coloured. Where "colour" is one of the steps, the colours are invented. `enlarged`: the copy is so many times as
    large as the original; the boxes of its faces are in its own pixels.
    """

    steps: tuple[str, ...]
    seed: int
    weights_sha256: str | None = None
    filled: float = 0.0
    tones: tuple[tuple[float, float], ...] = ()
    noise: float = 0.0
    models: tuple[StepModel, ...] = ()
    enlarged: int = 1

    @property
    def invented(self) -> bool:
        """Whether a network made up what the photo does not show."""
        return COLOUR in self.steps or any(m.step == "damage" and m.weights_sha256 for m in self.models)


@dataclass(frozen=True, slots=True)
class Provenance:
    """The record of one restored photo. `source` is the original's file name, `source_sha256` its content hash.
    `photo` is None where nothing but faces was touched."""

    source: str
    source_sha256: str
    software: str
    created: datetime
    faces: tuple[FaceProvenance, ...] = field(default=())
    photo: PhotoProvenance | None = None

    def to_xmp(self, original: bytes | None = None) -> bytes:
        """The XMP packet, laid over the original photo's own packet when it has a readable one."""
        parsed = xmp.parse_packet(original) if original else None
        rdf = parsed if parsed is not None else xmp.new_packet()
        self.mark(rdf)
        return xmp.to_bytes(rdf)

    def mark(self, rdf: Element) -> None:
        """Write the record into a packet. Foreign properties stay; `tiff:Orientation` becomes 1, because restored
        photos are written upright."""
        when = self.created.isoformat(timespec="seconds")
        if xmp.first_value(rdf, _TIFF, "Orientation") is not None:
            xmp.set_value(rdf, _TIFF, "Orientation", "1")
        ai = bool(self.faces) or self.photo is None or self.photo.invented
        source_type = COMPOSITE_WITH_AI if ai else ENHANCED
        xmp.set_value(rdf, _IPTC_EXT, "DigitalSourceType", source_type)
        xmp.set_value(rdf, _XMP, "MetadataDate", when)
        xmp.set_text(rdf, "http://purl.org/dc/elements/1.1/", "description", self._notice())
        derived = {f"{{{_REF}}}filePath": self.source, f"{{{_REF}}}documentID": f"sha256:{self.source_sha256}"}
        xmp.set_struct(rdf, _MM, "DerivedFrom", derived)
        xmp.append_struct(rdf, _MM, "History", self._event(when))
        xmp.set_value(rdf, NAMESPACE, "Record", encode_json(self))

    def _notice(self) -> str:
        if self.photo is None:
            return _NOTICE
        faces = [_NOTICE] if self.faces else []
        colours = [_COLOUR_NOTICE] if COLOUR in self.photo.steps else []
        return " ".join([*faces, _PHOTO_NOTICE, *colours])

    def _event(self, when: str) -> dict[str, str]:
        restorers = ", ".join(sorted({f"{f.restorer} (weights {f.weights_sha256[:12]})" for f in self.faces}))
        done = [f"restored {len(self.faces)} face(s) with {restorers}"] if self.faces or self.photo is None else []
        if self.photo is not None:
            by = {m.step: f" with {m.model}" for m in self.photo.models}
            named = (f"{s}{' (invented)' if s == COLOUR else ''}{by.get(s, '')}" for s in self.photo.steps)
            larger = [f"enlarged {self.photo.enlarged} times{by.get(ENLARGE, '')}"] if self.photo.enlarged > 1 else []
            done.append(f"whole photo: {', '.join([*named, *larger])}")
        return {
            f"{{{_EVENT}}}action": "edited",
            f"{{{_EVENT}}}when": when,
            f"{{{_EVENT}}}softwareAgent": self.software,
            f"{{{_EVENT}}}parameters": "; ".join(done),
        }


def from_xmp(packet: bytes) -> Provenance | None:
    """The record inside a packet; None when the packet is not one of ours or is damaged."""
    rdf = xmp.parse_packet(packet)
    return None if rdf is None else _from_rdf(rdf)


def _from_rdf(rdf: Element) -> Provenance | None:
    text = xmp.first_value(rdf, NAMESPACE, "Record")
    if text is None:
        return None
    try:
        return decode_json(Provenance, text, NAMESPACE)
    except CodecError:
        return None


def read_provenance(path: Path) -> Provenance | None:
    """The record of a restored photo; None for any other photo. Raises ImageReadError when the file is unreadable."""
    packet = read_xmp(path)
    return from_xmp(packet) if packet else None


def is_restored_output(path: Path) -> bool:
    """Whether the file carries our mark. Reads the first 256 KiB and decodes nothing.

    A PNG or JPEG keeps its XMP in front of the pixels, TIFF and WebP may keep it behind them: only those two are
    searched to the end. A photo that was edited elsewhere and kept its XMP still counts. Raises OSError.
    """
    mark = NAMESPACE.encode()
    with open_regular(path) as file:
        head = file.read(_HEAD)
        if mark in head:
            return True
        if sniff_bytes(head[:4096]) not in {"tiff", "webp"}:
            return False
        tail = head[-len(mark) :]
        while block := file.read(_BLOCK):
            if mark in tail + block:
                return True
            tail = block[-len(mark) :]
    return False
