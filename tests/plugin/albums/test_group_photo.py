"""`iconface group-photo`: who is where on one photo, as a page."""

import re
from pathlib import Path

from tests.support.library import Cli, tree_hash

from .conftest import Life

HOSTILE = "<b>Ben</b> & Co"


def labels(html: str) -> list[str]:
    """Number and name of each line of the page."""
    found = re.findall(r'<li><span class="n">(\d+)</span>(?:<bdi>(.*?)</bdi>(\??)|<span class="blank">)', html)
    return [f"{n} {name or '-'}{mark}" for n, name, mark in found]


def test_numbers_and_names_in_rows_and_nobody_who_is_out_of_sight(life: Life, cli: Cli, tmp_path: Path):
    ben, eve = life.person(HOSTILE), life.person("Eve")
    cli("people", "hide", eve)
    life.photo("wedding.jpg", "1962-05-01", None, eve, ben)
    before = tree_hash(life.photos)
    made = cli("group-photo", life.photos / "wedding.jpg", "--out", tmp_path)["group_photo"]
    assert made["output"] == str(tmp_path / "wedding.html")
    [row] = made["rows"]
    assert [(f["number"], f["person_name"]) for f in row] == [(1, "Ada"), (2, None), (3, HOSTILE)]
    html = (tmp_path / "wedding.html").read_text("utf-8")
    assert labels(html) == ["1 Ada", "2 -", "3 &lt;b&gt;Ben&lt;/b&gt; &amp; Co"]
    assert re.findall(r"<text[^>]*>(\d+)</text>", html) == ["1", "2", "3"]
    assert "From the left" in html
    assert "1 May 1962" in html
    assert "question mark" not in html, "all names were given by the user"
    assert "Eve" not in html
    assert all(a.startswith("data:image/jpeg;base64,") for a in re.findall(r'(?:src|href)="([^"]*)"', html))
    assert not re.search(r"<script|<link|url\(|@import", html)
    assert tree_hash(life.photos) == before


def test_what_it_refuses(life: Life, cli: Cli, tmp_path: Path):
    life.photo("a.jpg", None)
    photo, out = life.photos / "a.jpg", tmp_path / "mine.html"
    out.write_text("mine")
    for argv, code, words in (
        ((tmp_path / "elsewhere.jpg",), 3, "not in the library"),
        ((photo, "--out", out), 2, "--force"),
        ((photo, "--out", life.photos), 2, "in your library"),
        ((photo, "--out", tmp_path / "no folder" / "a.html"), 2, "is no folder"),
    ):
        assert words in cli("group-photo", *argv, code=code)["error"]["message"]
    assert out.read_text() == "mine"
    photo.unlink()
    assert "error" in cli("group-photo", photo, "--out", out, "--force", code=1)
    assert out.read_text() == "mine"
    assert not list(tmp_path.glob("*unfinished*"))
