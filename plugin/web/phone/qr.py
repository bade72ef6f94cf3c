"""A QR code, for the page and for a terminal."""

import io

import segno


def svg(text: str) -> str:
    """Black on white in both themes, since cameras need that; sized by whoever shows it. Nothing in it is `text`."""
    return segno.make(text, error="m").svg_inline(scale=1, border=4, light="#fff", dark="#000", omitsize=True)


def lines(text: str) -> list[str]:
    """For a terminal, two modules a line. Black on white by escape sequences: a dark terminal would turn it over."""
    out = io.StringIO()
    segno.make(text, error="l").terminal(out, border=2, compact=True)
    return out.getvalue().splitlines()
