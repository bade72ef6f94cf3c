"""XMP packets as element trees: parse what strangers wrote, set properties, write back. Nothing about faces here."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, SubElement, register_namespace, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

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

_WRAPPER = re.compile(rb"<\?xpacket.*?\?>", re.DOTALL)
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode()
_END = b'\n<?xpacket end="w"?>'


def parse_packet(packet: bytes) -> Element | None:
    """The `rdf:RDF` element of a packet; None when it is damaged or tries an XML attack."""
    try:
        root = fromstring(_WRAPPER.sub(b"", packet).strip(b"\0 \r\n\t"))
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return root if root.tag == f"{{{RDF}}}RDF" else root.find(f".//{{{RDF}}}RDF")


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
