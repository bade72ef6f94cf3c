"""XMP files beside a photo: what programs write that never touch the photo itself."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from . import xmp
from .formats import RAW_SUFFIXES
from .regular_files import read_small

_RECIPES = (
    "http://ns.adobe.com/camera-raw-settings/1.0/",
    "http://darktable.sf.net/",
    "http://www.digikam.org/ns/1.0/edits/",
    "http://ns.adobe.com/xap/1.0/mm/",
)
"""Edits that are in no pixel of the original, and the sidecar's own history."""
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"


def sidecar_of(photo: Path) -> tuple[Path, Element] | None:
    """The sidecar of a photo and its `rdf:RDF`: `a.jpg.xmp` (digiKam, darktable, Apple) or `a.xmp` (Adobe), unless
    that one belongs to the RAW file beside the photo. None where there is none that can be read."""
    for path, data in sidecars(photo):
        rdf = xmp.parse_packet(data)
        if rdf is not None:
            for namespace in _RECIPES:
                xmp.remove_namespace(rdf, namespace)
            return path, rdf
    return None


def own_sidecar(photo: Path) -> Path:
    """The name that belongs to this photo alone: `a.jpg.xmp`."""
    return photo.with_name(photo.name + ".xmp")


def sidecars(photo: Path) -> Iterator[tuple[Path, bytes]]:
    """All sidecars of a photo and what is in them, damaged or not. What cannot be opened counts as absent."""
    for path in dict.fromkeys((own_sidecar(photo), photo.with_suffix(".xmp"))):
        try:
            data = read_small(path, xmp.MOST_BYTES)
        except (OSError, ValueError):
            continue
        if path.name.startswith(photo.name):
            yield path, data
            continue
        rdf = xmp.parse_packet(data)
        if rdf is None or not _of_another(path, photo, rdf):
            yield path, data


def _of_another(path: Path, photo: Path, rdf: Element) -> bool:
    said = xmp.first_value(rdf, _PHOTOSHOP, "SidecarForExtension")
    if said:
        return said.lower() != photo.suffix[1:].lower()
    return photo.suffix.lower() not in RAW_SUFFIXES and any(p.exists() for p in _raw_names(path))


def _raw_names(path: Path) -> Iterator[Path]:
    for suffix in RAW_SUFFIXES:
        yield path.with_suffix(suffix)
        yield path.with_suffix(suffix.upper())
