"""`iconface album`: the page it writes, and what it refuses."""

import html.parser
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery_db.records import PersonSummary
from plugin.albums.page import file_name, write_album
from plugin.progress import Silent
from tests.support.library import Cli, tree_hash

from .conftest import Life

HOSTILE = '<script>alert("1")</script> & \u05d0\u05d3\u05d4'


class Page(html.parser.HTMLParser):
    """Tags, text, and the attributes that may name something outside."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.addresses: list[str] = []
        self.alts: list[str] = []
        self.isolated: list[str] = []
        self.text = ""
        self.at = ""
        self.source = path.read_text("utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.at = tag
        if tag == "h1":
            assert dict(attrs)["dir"] == "auto"
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "action", "srcset")]
        self.alts += [v or "" for k, v in attrs if k == "alt"]

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.at in ("bdi", "h1") and data.strip():
            self.isolated.append(data)
        self.at = ""


def person(name: str | None) -> PersonSummary:
    return PersonSummary(3, name, 1, 1, 1, None, False, False, None, True, None, None)


def test_the_page_is_whole_in_itself_and_says_what_was_restored(life: Life, cli: Cli, tmp_path: Path):
    ben = life.person("Ben")
    cli("people", "birth-date", life.ada, "1955-04-01")
    life.photo("wedding.jpg", "1962-05-01", ben)
    face, *_ = life.photo("ruined.jpg", None)
    life.restored(face, "ruined.jpg")
    before = tree_hash(life.photos)
    out = tmp_path / "out"
    out.mkdir()
    album = cli("album", "Ada", "--out", out)["album"]
    assert album == {
        "output": str(out / "Ada.html"),
        "person_id": life.ada,
        "person_name": "Ada",
        "photos": 2,
        "restored": 1,
        "left_out": {},
    }
    assert [p.name for p in out.iterdir()] == ["Ada.html"]
    page = Page(out / "Ada.html")
    assert page.tags["script"] == page.tags["link"] == page.tags["iframe"] == 0
    assert len(page.addresses) == page.tags["img"] == 1 + 1 + 3
    assert all(a.startswith("data:image/jpeg;base64,") for a in page.addresses)
    assert all(page.alts)
    assert "url(" not in page.source
    assert "@import" not in page.source
    assert "1 May 1962" in page.text
    assert "7 years old" in page.text
    assert "Without a date" in page.text
    assert page.text.count("restored by AI") == 2, "below the face, and on the first page"
    assert str(life.photos) not in page.source, "where the photos lie is nobody's business"
    assert tree_hash(life.photos) == before


def test_names_are_text_whatever_they_are(life: Life, cli: Cli, tmp_path: Path):
    cli("people", "name", life.ada, HOSTILE)
    hidden = life.person("Secret")
    cli("people", "hide", hidden)
    life.photo("a.jpg", "1962-05-01", life.person('" onerror="alert(1)'))
    life.photo("b.jpg", "1963-05-01", hidden)
    out = Path(cli("album", life.ada, "--out", tmp_path)["album"]["output"])
    assert out.parent == tmp_path
    assert not set(out.name) & set('<>:"/\\|?*')
    page = Page(out)
    assert page.tags["script"] == 0
    assert page.isolated.count(HOSTILE) == 1
    assert page.isolated.count('" onerror="alert(1)') == 2, "below the photo, and on the first page"
    assert all(f"\u2068{HOSTILE}\u2069" in alt for alt in page.alts)
    assert "onerror" not in page.source.replace("&#34; onerror=&#34;alert(1)", "")
    assert "Secret" not in page.source


def test_nothing_is_replaced_unless_it_is_asked_for(life: Life, cli: Cli, tmp_path: Path):
    life.photo("a.jpg", "1962-05-01")
    mine = tmp_path / "mine.html"
    mine.write_text("mine")
    assert "--force" in cli("album", "Ada", "--out", mine, code=2)["error"]["message"]
    assert mine.read_text() == "mine"
    assert cli("album", "Ada", "--out", mine, "--force")["album"]["photos"] == 1
    assert Page(mine).tags["article"] == 1


def test_what_makes_no_sense_is_refused_in_words(life: Life, cli: Cli, tmp_path: Path):
    assert "no photo of Ada" in cli("album", "Ada", "--out", tmp_path, code=3)["error"]["message"]
    life.photo("a.jpg", "1962-05-01")
    assert "people list" in cli("album", "Eve", "--out", tmp_path, code=3)["error"]["message"]
    assert "is no folder" in cli("album", "Ada", "--out", tmp_path / "gone", code=2)["error"]["message"]
    assert "is no folder" in cli("album", "Ada", "--out", tmp_path / "gone" / "a.html", code=2)["error"]["message"]
    assert "in your library" in cli("album", "Ada", "--out", life.photos, code=2)["error"]["message"]
    long = tmp_path / f"{'a' * 300}.html"
    assert cli("album", "Ada", "--out", long, code=1)["error"]["kind"] == "os"
    cli("people", "hide", "Ada")
    assert f"people hide {life.ada} --off" in cli("album", "Ada", "--out", tmp_path, code=2)["error"]["message"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", "photos"], "nothing is left behind"


def test_photos_that_cannot_be_read_are_said_and_left_out(life: Life, cli: Cli, tmp_path: Path):
    life.photo("a.jpg", "1961-05-01")
    life.photo("gone.jpg", "1962-05-01")
    (life.photos / "gone.jpg").unlink()
    album = cli("album", "Ada", "--out", tmp_path, code=5)["album"]
    assert album["photos"] == 1
    assert album["left_out"] == {str(life.photos / "gone.jpg"): "no such file"}
    assert album["left_out_data"][str(life.photos / "gone.jpg")]["code"] == "file_missing"
    life.photos.rename(tmp_path / "unplugged")
    message = cli("album", "Ada", "--out", tmp_path, "--force", code=3)["error"]["message"]
    assert "is offline" in message
    assert Page(Path(album["output"])).tags["article"] == 1, "the album that was there is still whole"


def test_stopped_in_the_middle_nothing_is_left(life: Life, tmp_path: Path):
    life.photo("a.jpg", "1961-05-01")
    life.photo("b.jpg", "1962-05-01")

    class Stopped(Silent):
        def step(self, note: str = "") -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_album(life.app, life.ada, tmp_path, per_year=1, force=False, progress=Stopped())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", "photos"]


@given(st.none() | st.text(max_size=200))
def test_any_name_makes_a_file_name_for_any_system(name: str | None):
    made = file_name(person(name), Path("/"))
    stem = made.removesuffix(".html")
    assert stem
    assert stem != made
    assert not set(made) & set('<>:"/\\|?*')
    assert not any(unicodedata.category(c)[0] == "C" for c in made)
    assert len(f"{made}.1234567.unfinished".encode()) <= 255
    assert stem == stem.strip(". ")
    assert stem.partition(".")[0].strip().lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Grandma Ada", "Grandma Ada.html"),
        ("A/B: C", "A B C.html"),
        ("CON", "person 3 CON.html"),
        ("../..", "person 3.html"),
        (None, "person 3.html"),
        ("\u05e1\u05d1\u05ea\u05d0", "\u05e1\u05d1\u05ea\u05d0.html"),
    ],
)
def test_the_file_is_called_after_the_person(name: str | None, made: str):
    assert file_name(person(name), Path("/")) == made
