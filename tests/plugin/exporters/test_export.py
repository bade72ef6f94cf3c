"""`iconface export`: what stands in the files, and that a file is written whole or not at all."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery_db.records import FaceFilter
from iconface_core.errors import BackendUnavailableError
from iconface_core.extensions.exchange import ExportedFace, ExportedPerson, GalleryFacts
from plugin.app import build_app
from plugin.exporters import facts as facts_module
from plugin.exporters.registry import accepted, export
from plugin.exporters.tables import CsvExporter
from plugin.extensions import Extension, ExtensionError
from plugin.settings import load_settings
from tests.support.library import Cli, Library


def test_csv_and_json_say_what_the_gallery_knows(cli: Cli, tmp_path: Path):
    people, faces = cli("people", "list")["people"], cli("faces", "list")["faces"]
    cli("people", "name", people[0]["person_id"], "Zoë, the 1st")
    done = cli("export", "json", tmp_path / "all.json")["export"]
    assert (done["format"], done["from"], done["output"]) == ("json", "iconface", str(tmp_path / "all.json"))
    written = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert [p["id"] for p in written["people"]] == [p["person_id"] for p in cli("people", "list")["people"]]
    assert written["people"][0]["name"] == "Zoë, the 1st"
    assert [f["id"] for f in written["faces"]] == [f["face_id"] for f in faces]
    assert not {"vector", "embedding"} & set(written["faces"][0])

    cli("export", "csv", tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(r["face_id"]) for r in rows] == [f["face_id"] for f in faces]
    assert [r["photo"] for r in rows] == [f["photo"] for f in faces]
    named = [r for r in rows if r["person_name"]]
    assert {r["person_name"] for r in named} == {"Zoë, the 1st"}
    assert len(named) == people[0]["faces"]
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["all.csv", "all.json"]


def test_who_is_hidden_or_ignored_is_left_out_and_pages_leave_nobody_out(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(facts_module, "PAGE", 4)
    first, second, *_ = [p["person_id"] for p in cli("people", "list")["people"]]
    cli("people", "hide", first)
    cli("people", "ignore", second)
    cli("export", "json", tmp_path / "some.json")
    written = json.loads((tmp_path / "some.json").read_text("utf-8"))
    assert not {first, second} & {p["id"] for p in written["people"]}
    kept = [f["face_id"] for f in cli("faces", "list")["faces"] if f["person_id"] not in (first, second)]
    assert [f["id"] for f in written["faces"]] == kept


def test_it_says_what_it_would_do_and_never_replaces_a_file(cli: Cli, tmp_path: Path):
    out = tmp_path / "faces.csv"
    assert cli("export", "csv", out, "--dry-run")["dry_run"] is True
    assert not out.exists()
    out.write_text("mine")
    assert "is there already" in cli("export", "csv", out, code=2)["error"]["message"]
    assert out.read_text() == "mine"
    assert "there are: csv, json" in cli("export", "gedcom", tmp_path / "x", code=2)["error"]["message"]
    assert "is no folder" in cli("export", "csv", tmp_path / "gone" / "x.csv", code=2)["error"]["message"]


@dataclass(frozen=True)
class Acme:
    """An exporter of another package."""

    work: Callable[[GalleryFacts, Path], Any]
    name: str = "acme"
    title: str = "Acme albums"

    def export(self, facts: GalleryFacts, out: Path) -> None:
        self.work(facts, out)


def test_an_exporter_of_another_package_may_write_a_folder_and_leaves_nothing_when_it_fails(
    library: Library, tmp_path: Path
):
    def albums(facts: GalleryFacts, out: Path) -> None:
        out.mkdir()
        for person in facts.people():
            (out / f"{person.id}.txt").write_text(str(person.faces))

    def breaks(facts: GalleryFacts, out: Path) -> None:
        out.write_text("half")
        raise KeyError("photo")

    app = build_app(load_settings(library.home, {}))
    export(app.gallery, Extension("acme 1", "acme", Acme(albums)), tmp_path / "albums")
    with app.gallery.begin(write=False) as tx:
        assert len(list((tmp_path / "albums").iterdir())) == len(tx.people.find())
        before = tx.faces.find(FaceFilter())
    with pytest.raises(BackendUnavailableError, match=r"acme \(acme 1\) fails: KeyError: 'photo'"):
        export(app.gallery, Extension("acme 1", "acme", Acme(breaks)), tmp_path / "broken")
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "home") == ["albums"]
    with app.gallery.begin(write=False) as tx:
        assert tx.faces.find(FaceFilter()) == before
    app.close()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (object(), "'name'"),
        (Acme, "not its class"),
        (Acme(print, name=" "), "'name'"),
        (type("NoExport", (), {"name": "x", "title": "x"})(), "'export'"),
    ],
)
def test_what_is_no_exporter_is_refused(value: object, why: str):
    with pytest.raises(ExtensionError, match=why):
        accepted(value)


@dataclass(frozen=True)
class Named:
    """A gallery of one face."""

    text: str

    def people(self):
        yield ExportedPerson(1, self.text, None, 1, 1)

    def faces(self):
        yield ExportedFace(1, Path("/p.jpg"), (0.0, 0.0, 1.0, 1.0), 1, self.text, False, None)


@given(st.text(min_size=1).filter(lambda t: "\0" not in t and t.isprintable()))
def test_no_name_is_a_formula_and_none_is_lost(tmp_path_factory: pytest.TempPathFactory, name: str):
    out = tmp_path_factory.mktemp("csv") / "faces.csv"
    CsvExporter().export(Named(name), out)
    with out.open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert row["person_name"].removeprefix("'") == name.removeprefix("'")
    assert row["person_name"][0] not in "=+-@"


def test_sidecars_are_no_new_file_and_lie_beside_the_photos(own: Callable[..., tuple[Path, Cli]]):
    folder, cli = own("*.jpg")
    for photo in sorted(folder.glob("*.jpg"))[2:]:
        photo.unlink()
    cli("scan")
    [face, *_] = cli("faces", "list")["faces"]
    cli("faces", "assign", face["face_id"], "-p", "Zoë", "--new")
    assert "leave OUT away" in cli("export", "sidecars", folder / "x", code=2)["error"]["message"]
    assert "name a new file" in cli("export", "csv", code=2)["error"]["message"]
    tried = cli("export", "sidecars", "--dry-run")
    assert tried["export"]["new"] == [face["photo"] + ".xmp"]
    assert list(folder.glob("*.xmp")) == []
    assert cli("export", "sidecars")["export"] == tried["export"]
    assert [p.name for p in folder.glob("*.xmp")] == [Path(face["photo"]).name + ".xmp"]
    assert cli("import", "metadata")["import"]["known"] == 1  # what was written says the same
    cli("undo")
    assert [p["name"] for p in cli("import", "metadata")["import"]["people"]] == ["Zoë"]
    assert cli("faces", "show", face["face_id"])["face"]["person_name"] == "Zoë"
    cli("people", "name", "Zoë", "Zoe")
    assert cli("export", "sidecars")["export"]["changed"] == tried["export"]["new"]
