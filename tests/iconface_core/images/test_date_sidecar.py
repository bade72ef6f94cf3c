"""Dates in sidecars: ours come and go, others stay to the byte."""

import pytest

from iconface_core.images import xmp
from iconface_core.images.date_sidecar import with_date
from iconface_core.images.date_span import Span, years_span
from iconface_core.images.xmp_edit import Packet, XmpFormError
from tests.support.narrow import present

PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
OTHERS = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<!-- theirs --><rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"{more}/>'
    "</rdf:RDF></x:xmpmeta>"
)
PLAIN = OTHERS.format(more="").encode()


def date_in(sidecar: bytes) -> str | None:
    return xmp.first_value(Packet(sidecar).rdf, PHOTOSHOP, "DateCreated")


@pytest.mark.parametrize(
    ("span", "written"),
    [
        (years_span(1955, 1959), "1957"),
        (Span("1957-06", "1957-06"), "1957-06"),
        (Span("1957-06-12", "1957-06-12"),) * 2,
    ],
)
def test_a_date_is_as_precise_as_it_is_known(span: Span, written: object):
    sidecar, differs = with_date(None, span)
    assert date_in(present(sidecar)) == (written.text if isinstance(written, Span) else written)
    assert span.text.encode() in present(sidecar), "all of what was said"
    assert not differs
    assert with_date(sidecar, span) == (sidecar, False), "once is enough"
    assert with_date(sidecar, None) == (None, False), "nothing is left in it"


def test_what_others_wrote_stays_to_the_byte():
    dated, _ = with_date(PLAIN, years_span(1955, 1959))
    corrected, _ = with_date(dated, Span("1961", "1961"))
    assert date_in(present(corrected)) == "1961"
    assert b"1955/1959" not in present(corrected)
    assert with_date(corrected, None) == (PLAIN, False)


def test_another_program_s_date_stays_alone():
    theirs = OTHERS.format(more=f' xmlns:photoshop="{PHOTOSHOP}" photoshop:DateCreated="2011-03-12"').encode()
    assert with_date(theirs, years_span(1955, 1959)) == (theirs, True)
    assert with_date(theirs, Span("2011-03", "2011-03")) == (theirs, False), "it says the same"
    dated, _ = with_date(None, years_span(1955, 1959))
    edited = present(dated).replace(b">1957<", b">1958<")
    kept, _ = with_date(edited, None)
    assert date_in(present(kept)) == "1958", "changed by another program since: it is theirs now"


def test_a_damaged_sidecar_is_left():
    with pytest.raises(XmpFormError):
        with_date(b"<x:xmpmeta", years_span(1955, 1959))
