"""Words can be read and edges be seen, in light and in dark: WCAG AA, computed from the tokens themselves."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[3] / "plugin" / "web" / "static" / "css" / "iconface.css"
TOKENS = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", CSS.read_text())
GROUNDS = ("paper", "card", "raised", "well")
WORDS = [
    *((ink, ground) for ink in ("ink", "soft") for ground in GROUNDS),
    *(
        (ink, ground)
        for ink in ("accent", "accent-strong", "bad", "good", "warn")
        for ground in ("paper", "card", "raised")
    ),
    ("accent-strong", "accent-wash"),
    ("ink", "accent-wash"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("good", "good-wash"),
    ("warn", "warn-wash"),
    ("bad", "bad-wash"),
    ("ink", "good-wash"),
    ("ink", "warn-wash"),
    ("ink", "bad-wash"),
]
EDGES = [("edge", ground) for ground in GROUNDS] + [("accent", ground) for ground in GROUNDS]


def luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(WORDS, 4.5), (EDGES, 3.0)], ids=["words", "edges"])
def test_contrast(theme: int, pairs: list[tuple[str, str]], least: float):
    colours = {name: both[theme] for name, *both in TOKENS}
    found = {(a, b): round(contrast(colours[a], colours[b]), 2) for a, b in pairs}
    assert {pair: c for pair, c in found.items() if c < least} == {}


def test_contrast_is_computed_as_the_standard_says():
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
