"""A QR code, for the page and for a terminal."""

import io

import segno


def svg(text: str) -> str:
    """Black on white in both themes, since cameras need that; sized by whoever shows it. Nothing in it is `text`."""
    return segno.make(text, error="m").svg_inline(scale=1, border=4, light="#fff", dark="#000", omitsize=True)


def lines(text: str) -> list[str]:
    """For a terminal, two modules a line: black on white also where the terminal is light, by escape sequences."""
    out = io.StringIO()
    segno.make(text, error="l").terminal(out, border=2, compact=True)  # a light module is drawn, a dark one left out
    return [f"\033[97;40m{line}\033[0m" for line in out.getvalue().splitlines()]
