"""XMP packets as element trees: parse what strangers wrote, set properties, write back. Nothing about faces here.

What strangers wrote is read in linear time and within limits: a packet that is longer, deeper or fuller than any
program writes counts as damaged.
"""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, register_namespace, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_META = "adobe:ns:meta/"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_PREFIXES = {
    "x": _META,
    "rdf": RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "MP": "http://ns.microsoft.com/photo/1.2/",
}
for _prefix, _uri in _PREFIXES.items():
    register_namespace(_prefix, _uri)  # readable prefixes in what we write; some readers look for exactly these

MOST_BYTES = 2_000_000
"""Camera Raw's masks reach some hundred kilobytes; parsing so much of anything takes a tenth of a second."""

_MOST_DEEP = 64  # nested far below Python's limit of recursion, on which writing depends; real packets have about ten
_MOST_ELEMENTS = 50_000  # an element costs some 500 bytes of memory
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode()
_END = b'\n<?xpacket end="w"?>'


def parse_packet(packet: bytes) -> Element | None:
    """The `rdf:RDF` element of a packet; None when it is damaged, over the limits, or tries an XML attack."""
    if len(packet) > MOST_BYTES:
        return None
    parser = DefusedXMLParser(target=_Bounded())
    try:
        parser.feed(unwrapped(packet))
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return root if root.tag == f"{{{RDF}}}RDF" else root.find(f".//{{{RDF}}}RDF")


def unwrapped(packet: bytes) -> bytes:
    """Without one `xpacket` instruction at each end, for an XML declaration may follow the first."""
    body = packet.strip(b"\0 \r\n\t")
    if body.startswith(b"<?xpacket"):
        body = body[body.find(b"?>") + 2 :] if b"?>" in body else b""
    if body.endswith(b"?>"):
        start = body.rfind(b"<?")
        body = body[:start] if body.startswith(b"<?xpacket", start) else body
    return body.strip(b"\0 \r\n\t")


class _Bounded(TreeBuilder):
    """Builds the tree while it stays within the limits. Raises ValueError beyond."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._elements = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > _MOST_DEEP or self._elements > _MOST_ELEMENTS:
            raise ValueError("more elements, or nested deeper, than any XMP packet")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def new_packet() -> Element:
    """An empty `rdf:RDF`."""
    return Element(f"{{{RDF}}}RDF")


def to_bytes(rdf: Element) -> bytes:
    """The whole packet, UTF-8, with its `xpacket` wrapper."""
    meta = Element(f"{{{_META}}}xmpmeta")
    meta.append(rdf)
    body: bytes = tostring(meta, encoding="utf-8")
    return _BEGIN + body + _END


def descriptions(rdf: Element) -> Iterator[Element]:
    yield from rdf.findall(f"{{{RDF}}}Description")


def first_value(rdf: Element, namespace: str, name: str) -> str | None:
    """A simple property, written as an attribute or as an element; None when absent or structured."""
    key = f"{{{namespace}}}{name}"
    for description in descriptions(rdf):
        if (attribute := description.get(key)) is not None:
            return attribute
        if (child := description.find(key)) is not None:
            return (child.text or "").strip() or child.get(f"{{{RDF}}}resource")
    return None


def items(rdf: Element, namespace: str, name: str) -> list[Element]:
    """The `rdf:li` of a list, be it a bag, a sequence or alternatives; empty when it is not there."""
    return [i for d in descriptions(rdf) for holder in d.findall(f"{{{namespace}}}{name}") for i in list_items(holder)]


def list_items(holder: Element | None) -> list[Element]:
    """The `rdf:li` of the list in `holder`."""
    return [] if holder is None else holder.findall(f"./*/{{{RDF}}}li")


def part(structure: Element | None, namespace: str, name: str) -> Element | None:
    """A field of a structure that is a structure or list itself."""
    return None if structure is None else _inside(structure).find(f"{{{namespace}}}{name}")


def part_text(structure: Element | None, namespace: str, name: str) -> str | None:
    """A simple field of a structure, written as an attribute or as an element."""
    if structure is None:
        return None
    key, inside = f"{{{namespace}}}{name}", _inside(structure)
    child = inside.find(key)
    return inside.get(key) if child is None else (child.text or "").strip()


def _inside(structure: Element) -> Element:
    """Where the fields are: some writers put an `rdf:Description` between."""
    found = structure.find(f"{{{RDF}}}Description")
    return structure if found is None else found


def has(rdf: Element, namespace: str, name: str) -> bool:
    """Whether a property is there, in whatever form it is written."""
    key = f"{{{namespace}}}{name}"
    return any(key in d.attrib or d.find(key) is not None for d in descriptions(rdf))


def property_names(rdf: Element, namespace: str) -> list[str]:
    """The local names of all properties of a namespace."""
    start = f"{{{namespace}}}"
    keys = [str(key) for d in descriptions(rdf) for key in (*d.attrib, *(c.tag for c in d))]
    return list(dict.fromkeys(k.removeprefix(start) for k in keys if k.startswith(start)))


def remove_namespace(rdf: Element, namespace: str) -> bool:
    """Delete all properties of a namespace. Whether there were any."""
    names = property_names(rdf, namespace)
    for name in names:
        remove(rdf, namespace, name)
    return bool(names)


def merge(rdf: Element, other: Element) -> int:
    """Take over the properties of another packet; of what both have, the other's counts. Returns how many."""
    done = 0
    for description in descriptions(other):
        for key, value in description.attrib.items():
            namespace, _, name = key[1:].rpartition("}")
            if namespace and namespace != RDF:
                set_value(rdf, namespace, name, value)
                done += 1
        for child in list(description):
            namespace, _, name = str(child.tag)[1:].rpartition("}")
            remove(rdf, namespace, name)
            _home(rdf).append(child)
            done += 1
    return done


def remove(rdf: Element, namespace: str, name: str) -> None:
    """Delete a property in whatever form it is written."""
    key = f"{{{namespace}}}{name}"
    for description in descriptions(rdf):
        description.attrib.pop(key, None)
        for child in description.findall(key):
            description.remove(child)


def set_value(rdf: Element, namespace: str, name: str, value: str) -> None:
    """Set a simple property, replacing any earlier value."""
    remove(rdf, namespace, name)
    SubElement(_home(rdf), f"{{{namespace}}}{name}").text = value


def set_struct(rdf: Element, namespace: str, name: str, fields: dict[str, str]) -> None:
    """Set a structured property. Keys of `fields` are `{uri}local` names."""
    remove(rdf, namespace, name)
    _struct(SubElement(_home(rdf), f"{{{namespace}}}{name}"), fields)


def append_struct(rdf: Element, namespace: str, name: str, fields: dict[str, str]) -> None:
    """Add one structure at the end of an ordered list, which is made when absent."""
    key = f"{{{namespace}}}{name}"
    found = next((child for d in descriptions(rdf) if (child := d.find(key)) is not None), None)
    holder = found if found is not None else SubElement(_home(rdf), key)
    sequence = holder.find(f"{{{RDF}}}Seq")
    if sequence is None:
        sequence = SubElement(holder, f"{{{RDF}}}Seq")
    _struct(SubElement(sequence, f"{{{RDF}}}li"), fields)


def set_text(rdf: Element, namespace: str, name: str, text: str) -> None:
    """Set a language alternative's default text (such as `dc:description`) when it has none."""
    if any(d.find(f"{{{namespace}}}{name}") is not None for d in descriptions(rdf)):
        return
    alternatives = SubElement(SubElement(_home(rdf), f"{{{namespace}}}{name}"), f"{{{RDF}}}Alt")
    SubElement(alternatives, f"{{{RDF}}}li", {_XML_LANG: "x-default"}).text = text


def _struct(holder: Element, fields: dict[str, str]) -> None:
    holder.set(f"{{{RDF}}}parseType", "Resource")
    for key, value in fields.items():
        SubElement(holder, key).text = value


def _home(rdf: Element) -> Element:
    first = next(descriptions(rdf), None)
    return first if first is not None else SubElement(rdf, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})
