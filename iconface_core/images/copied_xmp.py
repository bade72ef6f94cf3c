"""What an original's XMP says that is no longer true of a restored copy: turned, re-encoded, without its companions.

Everything else stays as it is. Face regions (MWG, ACDSee) are kept relative to the pixels as stored; copies are written
upright, so their boxes are turned with the pixels. Microsoft's regions (`MP:`) are relative to the upright picture
already, as digiKam and Windows write them.
"""

import uuid
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from . import xmp

_CAMERA = "http://ns.google.com/photos/1.0/camera/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_MM = "http://ns.adobe.com/xap/1.0/mm/"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_DC = "http://purl.org/dc/elements/1.1/"
_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/"
_EXTENDED = "http://ns.adobe.com/xmp/note/"
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_APPLE_FACE = "http://ns.apple.com/faceinfo/1.0/"

_VIDEO = "the video of this motion photo stays in the original"
_GAIN_MAP = "the HDR gain map stays in the original"
_DEPTH = "the depth map stays in the original"
_PARTS = "further pictures or data of this file stay in the original"
_WHOLE_NAMESPACES = {
    "http://ns.adobe.com/hdr-gain-map/1.0/": _GAIN_MAP,
    "http://ns.apple.com/HDRGainMap/1.0/": _GAIN_MAP,
    "http://ns.google.com/photos/1.0/container/": None,  # its items are named one by one
    "http://ns.google.com/photos/1.0/image/": _PARTS,
    "http://ns.google.com/photos/1.0/audio/": _PARTS,
    "http://ns.google.com/photos/1.0/depthmap/": _DEPTH,
    "http://ns.google.com/photos/dd/1.0/device/": _DEPTH,
    "http://ns.google.com/photos/1.0/creations/": _PARTS,
    "http://ns.apple.com/adjustment-settings/1.0/": None,
}
_ITEMS = {"MotionPhoto": _VIDEO, "GainMap": _GAIN_MAP, "Depth": _DEPTH, "Confidence": _DEPTH}
_MOTION = ("MotionPhoto", "MicroVideo")
_PROPERTIES = (
    (_XMP, "Thumbnails"),  # they show the face as it was
    (_EXTENDED, "HasExtendedXMP"),
    (_PHOTOSHOP, "SidecarForExtension"),
)
_MIME = {".png": "image/png", ".webp": "image/webp", ".tif": "image/tiff", ".tiff": "image/tiff"}


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """What the copy is: how the original lay (EXIF orientation 1..8), the copy's upright size, its suffix, whether its
    colours were converted to sRGB, and whether the original is a camera RAW, whose edits are recipes."""

    orientation: int
    width: int
    height: int
    suffix: str
    converted: bool = False
    from_raw: bool = False


def make_true(rdf: Element, facts: CopyFacts) -> list[str]:
    """Change, in place, what a packet of the original says wrongly of the copy. Returns what was left out, in words."""
    remarks = dict.fromkeys(_companions(rdf))
    for namespace, name in _PROPERTIES:
        if xmp.has(rdf, namespace, name):
            xmp.remove(rdf, namespace, name)
            if name == "HasExtendedXMP":
                remarks["the second part of the original's XMP, which JPEG keeps apart, is not in the copy"] = None
    if facts.from_raw and xmp.remove_namespace(rdf, _RAW):
        remarks["the edits recorded for the RAW file are not in the copy"] = None
    _sizes(rdf, facts)
    if facts.orientation != 1 and not _turn_regions(rdf, facts):
        remarks["regions that could not be turned with the picture were left out"] = None
    if xmp.has(rdf, _MM, "InstanceID"):
        before = xmp.first_value(rdf, _MM, "InstanceID") or ""
        xmp.set_value(rdf, _MM, "InstanceID", f"xmp.iid:{uuid.uuid5(uuid.NAMESPACE_URL, before + 'restored')}")
    return list(remarks)


def _companions(rdf: Element) -> list[str]:
    """Take out the promises of what lies beside the picture in the original's file."""
    remarks: list[str] = []
    for item in rdf.iter():
        for key, value in [*item.attrib.items(), (item.tag, item.text or "")]:
            if str(key).endswith("}Semantic") and (note := _ITEMS.get(value.strip())):
                remarks.append(note)
    for key in xmp.property_names(rdf, _CAMERA):
        if key.startswith(_MOTION):
            value = (xmp.first_value(rdf, _CAMERA, key) or "").strip()
            if key in _MOTION and value not in {"", "0"}:
                remarks.append(_VIDEO)
            xmp.remove(rdf, _CAMERA, key)
    for namespace, note in _WHOLE_NAMESPACES.items():
        if xmp.remove_namespace(rdf, namespace) and note is not None:
            remarks.append(note)
    return remarks


def _sizes(rdf: Element, facts: CopyFacts) -> None:
    turned = {
        (_TIFF, "ImageWidth"): facts.width,
        (_TIFF, "ImageLength"): facts.height,
        (_EXIF, "PixelXDimension"): facts.width,
        (_EXIF, "PixelYDimension"): facts.height,
    }
    for (namespace, name), value in turned.items():
        if xmp.has(rdf, namespace, name):
            xmp.set_value(rdf, namespace, name, str(value))
    if xmp.has(rdf, _DC, "format"):
        xmp.set_value(rdf, _DC, "format", _MIME.get(facts.suffix.lower(), "image/jpeg"))
    if facts.converted:
        for namespace, name in ((_PHOTOSHOP, "ICCProfile"), (_PHOTOSHOP, "ColorMode"), (_TIFF, "BitsPerSample")):
            xmp.remove(rdf, namespace, name)
        if xmp.has(rdf, _EXIF, "ColorSpace"):
            xmp.set_value(rdf, _EXIF, "ColorSpace", "1")


def _turn_regions(rdf: Element, facts: CopyFacts) -> bool:
    """Turn every region with the pixels; one that says no numbers goes. False when one had to go."""
    for parent in list(rdf.iter()):
        for child in list(parent):
            if str(child.tag).endswith("}AppliedToDimensions"):
                namespaces = {key.rpartition("}")[0] + "}" for key in _fields(child)}
                for ns in namespaces:
                    _set(child, ns + "w", str(facts.width))
                    _set(child, ns + "h", str(facts.height))
                    _set(child, ns + "unit", "pixel")
    turned = [_turn_area(element, facts.orientation) for element in list(rdf.iter())]
    for parent in rdf.iter():
        for key in [k for k in parent.attrib if k == f"{{{_APPLE_FACE}}}AngleInfoRoll"]:
            del parent.attrib[key]
        for child in parent.findall(f"{{{_APPLE_FACE}}}AngleInfoRoll"):
            parent.remove(child)
    if xmp.has(rdf, _IPTC_EXT, "ImageRegion"):
        xmp.remove(rdf, _IPTC_EXT, "ImageRegion")
        return False
    return all(turned)


def _turn_area(element: Element, orientation: int) -> bool:
    """Turn one `stArea` structure, the numbers of which may be attributes or elements of their own."""
    fields = _fields(element)
    names = {k: k.rpartition("}")[2] for k in fields if k.rpartition("}")[0].endswith("sType/Area#")}
    found = {name: key for key, name in names.items()}
    if not {"x", "y"} <= found.keys():
        return True
    try:
        x, y = float(fields[found["x"]]), float(fields[found["y"]])
    except ValueError:
        for key in names:
            _set(element, key, "0")
        return False
    for name, value in zip("xy", turned_point(x, y, orientation), strict=True):
        _set(element, found[name], f"{value:.6g}")
    if orientation >= 5 and {"w", "h"} <= found.keys():
        width, height = fields[found["w"]], fields[found["h"]]
        _set(element, found["w"], height)
        _set(element, found["h"], width)
    return True


def turned_point(x: float, y: float, orientation: int) -> tuple[float, float]:
    """Where a point of the stored picture, 0..1 in both directions, lies once EXIF `orientation` has been applied."""
    return {
        1: (x, y),
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (1 - y, x),
        7: (1 - y, 1 - x),
        8: (y, 1 - x),
    }[orientation]


def _fields(element: Element) -> dict[str, str]:
    """The parts of a structure, written as attributes, as elements, or inside an `rdf:Description`."""
    found = dict(element.attrib)
    for child in element:
        if len(child) == 0:
            found[str(child.tag)] = (child.text or "").strip()
    return found


def _set(element: Element, key: str, value: str) -> None:
    child = element.find(key)
    if child is not None:
        child.text = value
    elif key in element.attrib:
        element.set(key, value)
