"""The public API on a real gallery: what a script sees is what the command shows."""

import re
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

import iconface
from plugin.library.scan_locks import only_one
from tests.support.library import Cli, Library, tree_hash


@pytest.fixture
def gallery(library: Library) -> Generator[iconface.Gallery]:
    with iconface.Gallery(library.home) as opened:
        yield opened


def test_it_shows_what_the_command_shows(gallery: iconface.Gallery, library: Library, cli: Cli) -> None:
    people = cli("people", "list")["people"]
    assert [(p.id, p.name, p.faces, p.photos) for p in gallery.people()] == [
        (row["person_id"], row["name"], row["faces"], row["photos"]) for row in people
    ]
    faces = cli("faces", "list", "--photo", library.ruined)["faces"]
    [face] = gallery.faces(photo=library.ruined)
    assert [face.id, face.person_id, str(face.photo)] == [faces[0][key] for key in ("face_id", "person_id", "photo")]
    [folder] = gallery.folders()
    assert (folder.path, folder.photos) == (library.photos, len([*library.photos.iterdir()]))
    [answer] = gallery.identify(library.ruined)
    [row] = cli("references", library.ruined)["faces"]
    assert [r.face_id for r in answer.references] == [r["face_id"] for r in row["references"]]
    assert [(r.face_id, r.code) for r in answer.refused] == [(r["face_id"], r["refusal"]) for r in row["refused"]]
    assert (answer.how, answer.face.person_id) == (row["how"], row["person_id"])


def test_a_scan_tells_how_far_it_is(own: Callable[..., tuple[Path, Cli]], tmp_path: Path) -> None:
    photos, _ = own("sample-person1-*.jpg")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff and no picture")
    told: list[iconface.ScanProgress] = []
    with iconface.Gallery(tmp_path / "new") as gallery:
        gallery.add_folder(photos)
        found = gallery.scan(on_progress=told.append)
        again = gallery.scan(photos)
    assert [p.done for p in told] == [*range(1, told[-1].total + 1)]
    assert (found.new, found.faces, [*found.failed]) == (5, 5, [photos / "broken.jpg"])
    assert (again.new, again.unchanged, again.failed) == (0, 6, {})


def test_while_somebody_else_scans_it_says_so(gallery: iconface.Gallery, library: Library) -> None:
    with only_one(library.home / "data" / "scan.lock", "scan"), pytest.raises(iconface.BusyError, match="another scan"):
        gallery.scan()
    assert gallery.scan().new == 0


def test_a_callback_that_raises_ends_the_scan_and_the_next_one_goes_on(
    own: Callable[..., tuple[Path, Cli]], tmp_path: Path
) -> None:
    photos, _ = own("sample-person1-*.jpg")

    def stop(progress: iconface.ScanProgress) -> None:
        raise LookupError(progress.text)

    with iconface.Gallery(tmp_path / "new") as gallery:
        gallery.add_folder(photos)
        with pytest.raises(LookupError):
            gallery.scan(on_progress=stop)
        gallery.scan()
        assert len(gallery.faces()) == 5


def test_names_are_given_and_taken_back(gallery: iconface.Gallery, cli: Cli) -> None:
    person = gallery.people()[0]
    given = gallery.name_person(person.id, "Anna")
    assert gallery.person("anna") == gallery.person(person.id)
    assert cli("people", "show", "Anna")["person"]["person_id"] == person.id
    assert gallery.undo(given.id).summary == "undid: " + given.summary
    assert gallery.person(person.id).name is None
    assert [d.undone for d in gallery.decisions()] == [False, True]


def test_a_restored_copy_has_a_verdict_and_goes_with_its_decision(
    gallery: iconface.Gallery, library: Library, tmp_path: Path
) -> None:
    before = tree_hash(library.photos)
    steps: list[tuple[int, int]] = []
    [planned] = gallery.restore(library.ruined, output=tmp_path / "out", dry_run=True)
    assert planned.verdict is None
    assert planned.output is None
    assert not (tmp_path / "out").exists()
    [result] = gallery.restore(library.ruined, output=tmp_path / "out", on_step=lambda *step: steps.append(step))
    assert result.verdict == "pass"
    assert result.references == planned.references
    assert steps[-1][0] == steps[-1][1]
    assert result.output is not None
    assert result.output.parent == tmp_path / "out"
    with pytest.raises(iconface.RequestError, match="restored photo already"):
        gallery.restore(result.output)
    assert gallery.undo().removed == (result.output,)
    assert not result.output.exists()
    assert tree_hash(library.photos) == before


def test_references_are_the_gallerys_the_callers_or_none(gallery: iconface.Gallery, library: Library) -> None:
    other = library.photos / "sample-person1-1999.jpg"
    [none] = gallery.restore(library.ruined, references=(), dry_run=True)
    [given] = gallery.restore(library.ruined, references=[str(other)], dry_run=True)
    assert none.references == ()
    assert [r.photo for r in given.references] == [other]


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda g, _: g.person(4711), iconface.NotFoundError),
        (lambda g, _: g.person("Nobody"), iconface.NotFoundError),
        (lambda g, _: g.undo(4711), iconface.NotFoundError),
        (lambda g, folder: g.add_folder(folder / "nowhere"), iconface.NotFoundError),
        (lambda g, folder: g.scan(folder), iconface.NotFoundError),
        (lambda g, folder: g.restore(folder / "nowhere.jpg"), iconface.NotFoundError),
        (lambda g, folder: g.identify(folder / "nowhere.jpg"), iconface.NotFoundError),
        (lambda g, _: g.restore(__file__), iconface.Error),
        (lambda g, _: g.identify(__file__), iconface.Error),
        (lambda g, _: g.name_person(g.people()[0].id, "12"), iconface.RequestError),
        (lambda g, _: g.restore("a.jpg", strength=1.5), iconface.RequestError),
        (lambda g, _: g.restore("a.jpg", output=__file__), iconface.RequestError),
        (lambda g, _: g.identify("a.jpg", limit=9), iconface.RequestError),
        (
            lambda g, _: g.restore(g.folders()[0].path / "sample-ruined-print.jpg", restorer="?"),
            iconface.UnavailableError,
        ),
    ],
)
def test_what_cannot_be_done_is_an_error_of_iconface(
    gallery: iconface.Gallery, tmp_path: Path, ask: Callable[[iconface.Gallery, Path], object], error: type[Exception]
) -> None:
    with pytest.raises(iconface.Error) as raised:
        ask(gallery, tmp_path)
    assert raised.type is error


def test_undoing_in_the_wrong_order_names_what_is_first(gallery: iconface.Gallery, cli: Cli) -> None:
    person = gallery.people()[0]
    first = gallery.name_person(person.id, "Anna")
    gallery.name_person(person.id, "Berta")
    with pytest.raises(iconface.ConflictError, match="Berta"):
        gallery.undo(first.id)


def test_the_home_of_the_environment_is_the_default(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICONFACE_HOME", str(library.home))
    with iconface.Gallery() as gallery:
        assert gallery.folders()[0].path == library.photos


@pytest.mark.slow
def test_the_examples_of_the_page_run(
    sample: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """docs/api.md, one block after the other, where `iconface demo` has made its sample."""
    page = Path(__file__).parents[3] / "docs" / "api.md"
    shutil.copytree(sample[0], tmp_path / "demo-output" / "library")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        exec(compile(block, str(page), "exec"), names)
    out = capsys.readouterr().out
    assert "31 faces of 6 people; 0 questions" in out
    assert "Anna identified" in out
    assert "pass 0." in out
    assert f"{tmp_path / 'nowhere.jpg'}: no such photo" in out
    assert [*(tmp_path / "restored").iterdir()] == []
