"""Changes in an XMP packet that leave every other byte as it is: what another program wrote keeps its order, prefixes,
comments and spaces."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from . import xmp
from .regions import MWG

_TAG = re.compile(rb"<[^\s/>]+(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")
_DIMENSIONS = f"{{{MWG}}}AppliedToDimensions"
"""Of the picture: says nothing where a list of regions is empty."""
_NAME = re.compile(rb"<([^\s/>]+)")


class XmpFormError(Exception):
    """A packet, or a part of one, that cannot be changed without knowing more about it; the message says what."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where an element is in the packet, in bytes: its start tag from `start` to `inner`, its end tag from `close` to
    `end`. An empty element has one tag, and `close` and `inner` are its end."""

    start: int
    inner: int
    close: int
    end: int

    @property
    def empty(self) -> bool:
        """Written as one tag."""
        return self.close == self.end


class Packet:
    """A packet as a tree (`rdf`) and as bytes."""

    def __init__(self, data: bytes) -> None:
        """Raises XmpFormError when it is damaged or not UTF-8."""
        try:
            data.decode()
        except UnicodeDecodeError:
            raise XmpFormError("its XMP is not UTF-8") from None
        if xmp.parse_packet(data) is None:  # within limits, and free of entities
            raise XmpFormError("its XMP is damaged")
        self.data = data
        self._spans: dict[Element, Span] = {}
        self._parents: dict[Element, Element] = {}
        root = self._parse()
        found = root if root.tag == f"{{{xmp.RDF}}}RDF" else root.find(f".//{{{xmp.RDF}}}RDF")
        assert found is not None
        self.rdf = found

    def span(self, element: Element) -> Span:
        """Where it is."""
        return self._spans[element]

    def parent(self, element: Element) -> Element | None:
        """The element around it."""
        return self._parents.get(element)

    def without(self, elements: Sequence[Element]) -> bytes:
        """The packet without these elements, none of which is inside of another."""
        return self._edited([(self.span(e).start, self.span(e).end, b"") for e in elements])

    def with_added(self, additions: Sequence[tuple[Element, bytes]]) -> bytes:
        """The packet with text at the end of each of these elements, which are different ones."""
        edits = []
        for element, text in additions:
            span = self.span(element)
            if span.empty:
                name = _NAME.match(self.data, span.start)
                assert name is not None
                edits.append((span.end - 2, span.end, b">" + text + b"</" + name[1] + b">"))
            else:
                edits.append((span.close, span.close, text))
        return self._edited(edits)

    def _edited(self, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
        out, at = [], 0
        for start, end, text in sorted(edits):
            out += [self.data[at:start], text]
            at = end
        return b"".join([*out, self.data[at:]])

    def _parse(self) -> Element:
        body = xmp.unwrapped(self.data)
        offset = self.data.find(body)
        parser = expat.ParserCreate(namespace_separator="}")
        builder = TreeBuilder()
        open_: list[tuple[Element, int]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            element = builder.start(_qualified(tag), {_qualified(k): v for k, v in attributes.items()})
            if open_:
                self._parents[element] = open_[-1][0]
            open_.append((element, offset + parser.CurrentByteIndex))

        def end(tag: str) -> None:
            builder.end(_qualified(tag))
            element, begun = open_.pop()
            tag_end = _tag_end(self.data, begun)
            here = offset + parser.CurrentByteIndex
            if self.data[tag_end - 2 : tag_end] == b"/>":
                self._spans[element] = Span(begun, tag_end, tag_end, tag_end)
            else:
                self._spans[element] = Span(begun, tag_end, here, self.data.index(b">", here) + 1)

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = builder.data
        parser.Parse(body, True)
        root: Element = builder.close()
        return root


def list_of(holder: Element) -> Element:
    """The `rdf:Bag`, `rdf:Seq` or `rdf:Alt` in it. Raises XmpFormError when there is none."""
    for child in holder:
        if child.tag in (f"{{{xmp.RDF}}}{kind}" for kind in ("Bag", "Seq", "Alt")):
            return child
    raise XmpFormError(f"{str(holder.tag).rpartition('}')[2]} holds no list")


def emptied(packet: Packet, gone: Sequence[Element]) -> list[Element]:
    """These elements, and what holds nothing without them: lists, properties, descriptions."""
    out = dict.fromkeys(gone)
    todo = list(gone)
    while todo:
        holder = packet.parent(todo.pop())
        if holder is None or holder is packet.rdf or holder in out:
            continue
        left = [c for c in holder if c not in out and c.tag != _DIMENSIONS]
        kept = holder.attrib.keys() - {f"{{{xmp.RDF}}}about", f"{{{xmp.RDF}}}parseType"}
        if not left and not kept:
            out[holder] = None
            todo.append(holder)
    return [e for e in out if packet.parent(e) not in out]


def properties(rdf: Element, namespace: str, name: str) -> Iterator[Element]:
    """All places where a property is written as an element."""
    for description in xmp.descriptions(rdf):
        yield from description.findall(f"{{{namespace}}}{name}")


def _tag_end(data: bytes, start: int) -> int:
    found: Any = _TAG.match(data, start)
    return int(found.end())


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name
