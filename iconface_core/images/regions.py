"""People in XMP: where standards and programs write their names and the places of their faces.

MWG (digiKam, Lightroom, Picasa, Mylio, Apple), Microsoft (Windows Photo Gallery, digiKam) and ACDSee write regions;
`PersonInImage` and keywords below "People" are names without a place. A place is left, top, width and height in shares,
0..1: of the picture as stored (MWG, ACDSee) or of the upright one (Microsoft). Not every writer keeps to that.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from . import xmp
from .copied_xmp import turned_point

Box = tuple[float, float, float, float]

MWG = "http://www.metadataworkinggroup.com/schemas/regions/"
AREA = "http://ns.adobe.com/xmp/sType/Area#"
DIMENSIONS = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
MP = "http://ns.microsoft.com/photo/1.2/"
MP_INFO = "http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
MP_REGION = "http://ns.microsoft.com/photo/1.2/t/Region#"
DIGIKAM = "http://www.digikam.org/ns/1.0/"
LIGHTROOM = "http://ns.adobe.com/lightroom/1.0/"
PEOPLE = "People"
"""What digiKam and others call the keyword above all names."""

OURS = "https://iconface.invalid/names/1.0/"
"""Not the namespace of provenance, by which restored copies are known: programs copy sidecars into photos."""
OUR_KEYWORDS = "Keywords"
"""The keywords that we wrote, in a list of their own."""
BY = "by"
CONFIRMED, GROUPED = "confirmed", "grouped"
"""Our mark on regions that we write (`OURS`, `BY`): said by the user, or only grouped. The second is no evidence."""

_ACDSEE = "http://ns.acdsee.com/regions/"
_ACDSEE_AREA = "http://ns.acdsee.com/sType/Area#"
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_INVERSE = {6: 8, 8: 6}  # of EXIF orientations; the others undo themselves


@dataclass(frozen=True, slots=True)
class Region:
    """Somebody's place. `stored`: by its standard, `box` measures the picture as stored, else upright. `by` is our own
    mark. The box may reach out of the picture, or lie outside."""

    name: str
    box: Box
    stored: bool
    by: str | None = None


def read_regions(rdf: Element) -> list[Region]:
    """The named faces of a packet; what has no name or no place is left out."""
    return [r for found in (_mwg, _microsoft, _acdsee) for r in found(rdf) if r.name]


def read_people(rdf: Element) -> list[str]:
    """Names of people in the picture, without a place; our own keywords say no more than our regions."""
    ours = {(i.text or "").strip() for i in xmp.items(rdf, OURS, OUR_KEYWORDS)}
    names = [(i.text or "").strip() for i in xmp.items(rdf, _IPTC_EXT, "PersonInImage")]
    for namespace, name, between in ((DIGIKAM, "TagsList", "/"), (LIGHTROOM, "hierarchicalSubject", "|")):
        for item in xmp.items(rdf, namespace, name):
            text = (item.text or "").strip()
            first, *below = text.split(between)
            if first == PEOPLE and below and text not in ours:
                names.append(below[-1].strip())
    return [n for n in dict.fromkeys(names) if n]


def turned_box(box: Box, orientation: int) -> Box:
    """A place in the picture as stored, once EXIF `orientation` (1..8) has been applied."""
    x, y, w, h = box
    x1, y1 = turned_point(x, y, orientation)
    x2, y2 = turned_point(x + w, y + h, orientation)
    return min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1)


def stored_box(box: Box, orientation: int) -> Box:
    """A place in the upright picture, in the picture as stored."""
    return turned_box(box, _INVERSE.get(orientation, orientation))


def readings(box: Box, orientation: int, *, stored: bool) -> tuple[Box, Box | None]:
    """Where it is in the upright picture, by its standard and by the other habit; None: both are one."""
    if orientation == 1:
        return box, None
    turned = turned_box(box, orientation)
    return (turned, box) if stored else (box, turned)


def clipped(box: Box) -> Box | None:
    """The part of a place that is inside of the picture; None when nothing is."""
    x, y, w, h = box
    left, top, right, bottom = max(0.0, x), max(0.0, y), min(1.0, x + w), min(1.0, y + h)
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _mwg(rdf: Element) -> Iterator[Region]:
    for info in _structures(rdf, MWG, "Regions"):
        size = _size(xmp.part(info, MWG, "AppliedToDimensions"), DIMENSIONS)
        for item in xmp.list_items(xmp.part(info, MWG, "RegionList")):
            if xmp.part_text(item, MWG, "Type") not in ("Face", "", None):
                continue  # pets, focus points, bar codes
            by = xmp.part_text(xmp.part(item, MWG, "Extensions"), OURS, BY)
            area = xmp.part(item, MWG, "Area")
            pixels = xmp.part_text(area, AREA, "unit") == "pixel"
            if (box := _centred(area, AREA, size if pixels else None)) is not None:
                yield Region(xmp.part_text(item, MWG, "Name") or "", box, True, by)


def _microsoft(rdf: Element) -> Iterator[Region]:
    for info in _structures(rdf, MP, "RegionInfo"):
        for item in xmp.list_items(xmp.part(info, MP_INFO, "Regions")):
            numbers = [_number(t) for t in (xmp.part_text(item, MP_REGION, "Rectangle") or "").split(",")]
            match numbers:
                case [float(x), float(y), float(w), float(h)] if w > 0 and h > 0:
                    name = xmp.part_text(item, MP_REGION, "PersonDisplayName") or ""
                    yield Region(name, (x, y, w, h), False, xmp.part_text(item, OURS, BY))


def _acdsee(rdf: Element) -> Iterator[Region]:
    for info in _structures(rdf, _ACDSEE, "Regions"):
        for item in xmp.list_items(xmp.part(info, _ACDSEE, "RegionList")):
            kind, how = (xmp.part_text(item, _ACDSEE, n) for n in ("Type", "NameAssignType"))
            drawn, found = (xmp.part(item, _ACDSEE, n) for n in ("DLYArea", "ALGArea"))
            box = _centred(drawn if drawn is not None else found, _ACDSEE_AREA, None)
            if kind in ("Face", None) and how != "denied" and box is not None:
                yield Region(xmp.part_text(item, _ACDSEE, "Name") or "", box, True)


def _structures(rdf: Element, namespace: str, name: str) -> Iterator[Element]:
    for description in xmp.descriptions(rdf):
        yield from description.findall(f"{{{namespace}}}{name}")


def _centred(area: Element | None, namespace: str, size: tuple[float, float] | None) -> Box | None:
    x, y, w, h = (_number(xmp.part_text(area, namespace, n)) for n in "xywh")
    if x is None or y is None or w is None or h is None or w <= 0 or h <= 0:
        return None
    across, down = size or (1.0, 1.0)
    return (x - w / 2) / across, (y - h / 2) / down, w / across, h / down


def _size(dimensions: Element | None, namespace: str) -> tuple[float, float] | None:
    w, h = (_number(xmp.part_text(dimensions, namespace, n)) for n in "wh")
    return (w, h) if w and h and w > 0 and h > 0 else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e6 else None
