"""People in a sidecar, in three ways of writing them: MWG's regions, Microsoft's, and keywords as digiKam and Lightroom
have them.

What is ours carries a mark, so that it can be taken out again to the byte, whatever became of the people; what others
wrote stays, and what they say already is not said twice.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from iconface_core.boxes import iou
from iconface_core.types import BBox

from . import xmp
from .header import Header
from .regions import (
    AREA,
    BY,
    CONFIRMED,
    DIGIKAM,
    DIMENSIONS,
    GROUPED,
    LIGHTROOM,
    MP,
    MP_INFO,
    MP_REGION,
    MWG,
    OUR_KEYWORDS,
    OURS,
    PEOPLE,
    Box,
    Region,
    read_regions,
    readings,
    stored_box,
)
from .xmp_edit import Packet, emptied, list_of, properties

_SAME_PLACE = 0.5
_KEYWORDS = ((DIGIKAM, "digiKam", "TagsList", "Seq", "/"), (LIGHTROOM, "lr", "hierarchicalSubject", "Bag", "|"))
EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{xmp.RDF}"></rdf:RDF></x:xmpmeta>'
    '\n<?xpacket end="w"?>'
).encode()
"""A new sidecar before anybody is in it."""


@dataclass(frozen=True, slots=True)
class PersonInPhoto:
    """`box`: the face, left, top, width and height as shares of the upright picture. `confirmed`: the user said so."""

    name: str
    box: Box
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Written:
    """`data`: the sidecar, None when nobody and nothing is in it any more. `differing`: people whom another program
    calls otherwise at the same place; they were left to it."""

    data: bytes | None
    differing: tuple[str, ...] = ()


def with_people(sidecar: bytes | None, people: Sequence[PersonInPhoto], header: Header) -> Written:
    """A sidecar (None: a new one) that says these people of ours and no others. Raises XmpFormError for one that
    cannot be read or added to."""
    base = EMPTY if sidecar is None else without_ours(sidecar)
    if not people:
        return Written(None if base == EMPTY else base)
    packet = Packet(base)
    theirs = read_regions(packet.rdf)
    new, differing = [], []
    for person in people:
        there = [r for r in theirs if _same_place(r, person.box, header.orientation)]
        if not there:
            new.append(person)
        elif not any(_alike(r.name, person.name) for r in there):
            differing.append(person.name)
    return Written(_added(packet, new, people, header), tuple(differing))


def without_ours(sidecar: bytes) -> bytes:
    """The sidecar as it was without us, but for an empty element that had to be opened. Raises XmpFormError when it
    cannot be read."""
    packet = Packet(sidecar)
    keywords = {(i.text or "").strip() for i in xmp.items(packet.rdf, OURS, OUR_KEYWORDS)}
    gone = [i for p in properties(packet.rdf, MWG, "Regions") for i in _mwg_items(p) if _is_ours_mwg(i)]
    gone += [i for p in properties(packet.rdf, MP, "RegionInfo") for i in _mp_items(p) if _is_ours_mp(i)]
    for namespace, _, name, _, _ in _KEYWORDS:
        gone += [i for i in xmp.items(packet.rdf, namespace, name) if (i.text or "").strip() in keywords]
    gone += properties(packet.rdf, OURS, OUR_KEYWORDS)
    return packet.without(emptied(packet, gone)) if gone else sidecar


def _added(packet: Packet, new: Sequence[PersonInPhoto], everybody: Sequence[PersonInPhoto], header: Header) -> bytes:
    additions: list[tuple[Element, bytes]] = []
    block: list[str] = []  # properties that are not there yet
    if new:
        regions = "".join(_mwg(p, header) for p in new)
        if (info := next(properties(packet.rdf, MWG, "Regions"), None)) is not None:
            additions.append((_list_in(info, MWG, "RegionList"), regions.encode()))
        else:
            block.append(_mwg_property(regions, header))
        regions = "".join(_microsoft(p) for p in new)
        if (info := next(properties(packet.rdf, MP, "RegionInfo"), None)) is not None:
            additions.append((_list_in(info, MP_INFO, "Regions"), regions.encode()))
        else:
            block.append(
                f'<MP:RegionInfo xmlns:MP="{MP}" xmlns:MPRI="{MP_INFO}" rdf:parseType="Resource"><MPRI:Regions>'
                f"<rdf:Bag>{regions}</rdf:Bag></MPRI:Regions></MP:RegionInfo>"
            )
    ours: dict[str, None] = {}
    for namespace, prefix, name, kind, between in _KEYWORDS:
        there = {(i.text or "").strip() for i in xmp.items(packet.rdf, namespace, name)}
        wanted = [w for w in dict.fromkeys(_keyword(p.name, between) for p in everybody) if w and w not in there]
        if not wanted:
            continue
        ours |= dict.fromkeys(wanted)
        items = "".join(f'<rdf:li xmlns:rdf="{xmp.RDF}">{_text(w)}</rdf:li>' for w in wanted)
        if (holder := next(properties(packet.rdf, namespace, name), None)) is not None:
            additions.append((list_of(holder), items.encode()))
        else:
            key = f"{prefix}:{name}"
            block.append(f'<{key} xmlns:{prefix}="{namespace}"><rdf:{kind}>{items}</rdf:{kind}></{key}>')
    if ours:
        items = "".join(f"<rdf:li>{_text(w)}</rdf:li>" for w in ours)
        key = f"iconface:{OUR_KEYWORDS}"
        block.append(f'<{key} xmlns:iconface="{OURS}"><rdf:Bag>{items}</rdf:Bag></{key}>')
    if block:
        about = next((d.get(f"{{{xmp.RDF}}}about") for d in xmp.descriptions(packet.rdf)), None) or ""
        start = f'<rdf:Description xmlns:rdf="{xmp.RDF}" rdf:about="{escape(about, {chr(34): "&quot;"})}">'
        additions.append((packet.rdf, f"{start}{''.join(block)}</rdf:Description>".encode()))
    return packet.with_added(additions) if additions else packet.data


def _mwg(person: PersonInPhoto, header: Header) -> str:
    x, y, w, h = stored_box(person.box, header.orientation)
    numbers = {"x": x + w / 2, "y": y + h / 2, "w": w, "h": h}
    area = "".join(f"<stArea:{k}>{v:.6f}</stArea:{k}>" for k, v in numbers.items())
    return (
        f'<rdf:li xmlns:rdf="{xmp.RDF}" xmlns:mwg-rs="{MWG}" xmlns:stArea="{AREA}" xmlns:iconface="{OURS}"'
        f' rdf:parseType="Resource"><mwg-rs:Name>{_text(person.name)}</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type>'
        f'<mwg-rs:Area rdf:parseType="Resource">{area}<stArea:unit>normalized</stArea:unit></mwg-rs:Area>'
        f'<mwg-rs:Extensions rdf:parseType="Resource">{_by(person)}</mwg-rs:Extensions></rdf:li>'
    )


def _mwg_property(items: str, header: Header) -> str:
    return (
        f'<mwg-rs:Regions xmlns:mwg-rs="{MWG}" xmlns:stDim="{DIMENSIONS}" rdf:parseType="Resource">'
        f'<mwg-rs:AppliedToDimensions rdf:parseType="Resource"><stDim:w>{header.width}</stDim:w>'
        f"<stDim:h>{header.height}</stDim:h><stDim:unit>pixel</stDim:unit></mwg-rs:AppliedToDimensions>"
        f"<mwg-rs:RegionList><rdf:Bag>{items}</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
    )


def _microsoft(person: PersonInPhoto) -> str:
    rectangle = ", ".join(f"{v:.6f}" for v in person.box)
    return (
        f'<rdf:li xmlns:rdf="{xmp.RDF}" xmlns:MPReg="{MP_REGION}" xmlns:iconface="{OURS}" rdf:parseType="Resource">'
        f"<MPReg:PersonDisplayName>{_text(person.name)}</MPReg:PersonDisplayName>"
        f"<MPReg:Rectangle>{rectangle}</MPReg:Rectangle>{_by(person)}</rdf:li>"
    )


def _by(person: PersonInPhoto) -> str:
    return f"<iconface:{BY}>{CONFIRMED if person.confirmed else GROUPED}</iconface:{BY}>"


def _keyword(name: str, between: str) -> str | None:
    """None for a name that would be a path of keywords."""
    return None if between in name else f"{PEOPLE}{between}{_valid(name)}"


def _text(text: str) -> str:
    return escape(_valid(text))


def _valid(text: str) -> str:
    """Without what no XML can hold."""
    return "".join(
        c for c in text if c in "\t\n\r" or ("\x20" <= c <= "\ud7ff") or (c >= "\ue000" and c not in "\ufffe\uffff")
    )


def _same_place(region: Region, box: Box, orientation: int) -> bool:
    there = (b for b in readings(region.box, orientation, stored=region.stored) if b is not None)
    return any(iou(_bbox(b), _bbox(box)) >= _SAME_PLACE for b in there)


def _alike(a: str, b: str) -> bool:
    return unicodedata.normalize("NFC", a).casefold() == unicodedata.normalize("NFC", b).casefold()


def _bbox(box: Box) -> BBox:
    x, y, w, h = box
    return BBox(x, y, x + w, y + h)


def _list_in(structure: Element, namespace: str, name: str) -> Element:
    holder = xmp.part(structure, namespace, name)
    return list_of(structure if holder is None else holder)


def _mwg_items(info: Element) -> Iterable[Element]:
    return xmp.list_items(xmp.part(info, MWG, "RegionList"))


def _mp_items(info: Element) -> Iterable[Element]:
    return xmp.list_items(xmp.part(info, MP_INFO, "Regions"))


def _is_ours_mwg(item: Element) -> bool:
    return xmp.part_text(xmp.part(item, MWG, "Extensions"), OURS, BY) is not None


def _is_ours_mp(item: Element) -> bool:
    return xmp.part_text(item, OURS, BY) is not None
