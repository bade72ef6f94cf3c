"""When a photo was taken, as a person says, in a sidecar: `photoshop:DateCreated`, beside it all of what was said.

XMP allows a year or a month alone there (IPTC Photo Metadata, "Date Created": truncated dates), and the Metadata
Working Group sets that property equal to EXIF's DateTimeOriginal, which has no reduced precision. No standard has a
range: of one it holds the year of the middle, and `iconface:Dated` has the range as ISO 8601-2 (EDTF) writes it, which
also marks the date as ours. A date of another program stays, and then nothing of ours is written.
"""

from xml.sax.saxutils import escape

from . import xmp
from .date_span import Span, stored_span
from .people_sidecar import EMPTY
from .regions import OURS
from .xmp_edit import Packet, emptied, properties

_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_DATED = "Dated"
_THEIRS = ((_PHOTOSHOP, "DateCreated"), ("http://ns.adobe.com/exif/1.0/", "DateTimeOriginal"))


def with_date(sidecar: bytes | None, span: Span | None) -> tuple[bytes | None, bool]:
    """A sidecar (None: a new one) that says this date of ours and no other, None when nothing is in it any more; and
    whether another program says something else there: its date stays, and ours is left out. Raises XmpFormError for
    a sidecar that cannot be read."""
    base = EMPTY if sidecar is None else _without_ours(sidecar)
    packet = Packet(base)
    theirs = next((said for name in _THEIRS if (said := xmp.first_value(packet.rdf, *name))), None)
    if span is None or theirs:
        differs = span is not None and theirs is not None and not theirs.startswith(span.shortened)
        return (None if base == EMPTY else base), differs
    about = next((d.get(f"{{{xmp.RDF}}}about") for d in xmp.descriptions(packet.rdf)), None) or ""
    block = (
        f'<rdf:Description xmlns:rdf="{xmp.RDF}" rdf:about="{escape(about, {chr(34): "&quot;"})}">'
        f'<photoshop:DateCreated xmlns:photoshop="{_PHOTOSHOP}">{span.shortened}</photoshop:DateCreated>'
        f'<iconface:{_DATED} xmlns:iconface="{OURS}">{span.text}</iconface:{_DATED}></rdf:Description>'
    )
    return packet.with_added([(packet.rdf, block.encode())]), False


def _without_ours(sidecar: bytes) -> bytes:
    packet = Packet(sidecar)
    marks = list(properties(packet.rdf, OURS, _DATED))
    if not marks:
        return sidecar
    ours = {span.shortened for m in marks if (span := stored_span((m.text or "").strip())) is not None}
    dates = [d for d in properties(packet.rdf, *_THEIRS[0]) if (d.text or "").strip() in ours]
    return packet.without(emptied(packet, [*marks, *dates]))
