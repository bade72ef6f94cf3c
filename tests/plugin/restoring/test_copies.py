"""Where restored copies go, and what is remembered of them; with the real models where a copy is made."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gallery_db import Gallery, GalleryError
from gallery_db.records import RestorationRecord
from iconface_core.fakes import FakeRestorer
from iconface_core.identity.verdict import Verdict, VerdictKind
from iconface_core.reason_codes import SHARP_ALREADY, STILL_MATCHES
from iconface_core.types import BBox
from plugin.app import build_app
from plugin.errors import UsageError
from plugin.library.moved_copies import MovedCopies
from plugin.models.backends import RestorerBackend
from plugin.people.people import People
from plugin.reasons import (
    ACCEPTED,
    DELETED,
    REFUSED_BEFORE,
    REJECTED_BEFORE,
    RESTORED_ALREADY,
    TAKEN_BACK,
    UNSEEN_BEFORE,
)
from plugin.restoring.copies import RestoredCopies, why_not_again
from plugin.restoring.decisions import accept, find, finish_removals, reject, undo
from plugin.restoring.presence import presence
from plugin.restoring.proposals import propose
from plugin.restoring.result import FaceResult, RestoreRequest
from plugin.settings import Layout, load_settings
from tests.support.library import Cli, Library, tree_hash


def outputs(gallery: Gallery, folder: Path, layout: Layout = "mirror") -> RestoredCopies:
    return RestoredCopies(gallery, folder, layout, "iconface test")


# ---- where copies go


def test_a_mirror_has_the_folders_of_the_library(gallery: Gallery, tmp_path: Path):
    out = tmp_path / "Restored"
    with gallery.begin() as tx:
        for root in ("/a/Photos", "/b/photos", "/b/Scans"):
            tx.roots.add(Path(root))
    mirror = outputs(gallery, out).folder_for
    assert mirror(Path("/a/Photos/2019/May/x.jpg")) == out / "Photos" / "2019" / "May"
    assert mirror(Path("/b/photos/2019/May/x.jpg")) == out / "photos-2" / "2019" / "May", "two roots, one name"
    assert mirror(Path("/b/Scans/x.jpg")) == out / "Scans"
    assert mirror(Path("/elsewhere/x.jpg")) == out
    assert mirror(Path("/b/Scans/x.jpg"), beside=True) == Path("/b/Scans")
    assert outputs(gallery, out, "beside").folder_for(Path("/b/Scans/x.jpg")) == Path("/b/Scans")
    assert outputs(gallery, out, "flat").folder_for(Path("/b/Scans/x.jpg")) == out


def test_an_unknown_layout_names_the_file_and_the_choices(tmp_path: Path):
    assert load_settings(tmp_path, {}).restored_layout == "mirror"
    config = tmp_path / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text('restored_layout = "upside-down"')
    with pytest.raises(UsageError, match=r"config\.toml: restored_layout must be one of 'beside', 'flat', 'mirror'"):
        load_settings(tmp_path, {})


# ---- what is remembered


def copy_of(gallery: Gallery, folder: Path, faces: int = 2, name: str = "a_restored.jpg") -> tuple[Path, list[int]]:
    """A copy of one photo with some restored faces, remembered as `restore` does. Returns it and its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / name
    Image.new("RGB", (8, 8), (sum(map(ord, name)) % 255, 0, 0)).save(copy)
    results = [
        FaceResult(
            Path("/lib/a.jpg"),
            number=i + 1,
            bbox=BBox(50 * i, 0, 50 * i + 40, 40),
            restorer="waifu2x",
            verdict=Verdict(VerdictKind.PASS, STILL_MATCHES(), 5.0),
            output=copy,
            seconds=0.5,
        )
        for i in range(faces)
    ]
    outputs(gallery, folder).remember(
        results, copy, input_sha256="in", weights_sha256="w", options={"seed": 42}, origin="hand"
    )
    with gallery.begin(write=False) as tx:
        found = tx.restorations.by_output(path=str(copy))
        assert found is not None
        return copy, [r.id for r in tx.restorations.with_output(found.id)]


def test_who_was_merged_or_undone_meanwhile_is_no_reason_to_lose_a_copy(gallery: Gallery, tmp_path: Path):
    """A restoration takes minutes: the copy is there, so it has to be known."""
    copy = tmp_path / "a_restored.jpg"
    Image.new("RGB", (8, 8)).save(copy)
    result = FaceResult(
        Path("/lib/a.jpg"), face_id=77, person_id=88, restorer="waifu2x", output=copy,
        verdict=Verdict(VerdictKind.PASS, STILL_MATCHES(), 5.0),
    )  # fmt: skip
    outputs(gallery, tmp_path).remember(
        [result], copy, input_sha256="in", weights_sha256="w", options={"seed": 42}, origin="hand"
    )
    with gallery.begin(write=False) as tx:
        known = tx.restorations.by_output(path=str(copy))
    assert known is not None
    assert (known.face_id, known.person_id) == (None, None)


def facts(gallery: Gallery, ids: list[int]) -> set[tuple[str, str | None]]:
    with gallery.begin(write=False) as tx:
        return {(r.state, r.decided) for r in map(tx.restorations.get, ids)}


def test_undo_takes_back_all_faces_of_a_copy_with_the_copy(gallery: Gallery, tmp_path: Path):
    copy, ids = copy_of(gallery, tmp_path / "out", faces=3)
    assert len(ids) == 3
    record, removed = undo(MovedCopies(gallery, tmp_path / "out"), People(gallery), None)
    assert removed == [copy]
    assert record.restoration_ids == tuple(ids)
    assert facts(gallery, ids) == {("undone", None)}, "the records stay"
    assert not copy.exists()


@pytest.mark.parametrize("verb", ["undo", "reject"])
def test_a_copy_that_was_edited_is_never_removed(gallery: Gallery, tmp_path: Path, verb: str):
    copy, ids = copy_of(gallery, tmp_path / "out")
    Image.new("RGB", (9, 9)).save(copy)
    with gallery.begin(write=False) as tx:
        assert presence(tx.restorations.get(ids[0])) == "edited"
    _, removed = (
        undo(MovedCopies(gallery, tmp_path / "out"), People(gallery), None)
        if verb == "undo"
        else reject(MovedCopies(gallery, tmp_path / "out"), str(copy))
    )
    assert removed == []
    assert copy.exists()


def test_accept_and_reject_are_decisions_about_the_whole_copy(gallery: Gallery, tmp_path: Path):
    copy, ids = copy_of(gallery, tmp_path / "out")
    accept(MovedCopies(gallery, tmp_path / "out"), str(ids[1]), dry_run=True)
    assert facts(gallery, ids) == {("done", None)}
    accept(MovedCopies(gallery, tmp_path / "out"), str(ids[1]))
    assert facts(gallery, ids) == {("done", "accepted")}
    _, removed = reject(MovedCopies(gallery, tmp_path / "out"), str(copy), dry_run=True)
    assert (removed, copy.exists()) == ([], True)
    _, removed = reject(MovedCopies(gallery, tmp_path / "out"), "/lib/a.jpg")
    assert removed == [copy]
    assert facts(gallery, ids) == {("rejected", "rejected")}


def test_the_same_copy_again_is_not_remembered_twice(gallery: Gallery, tmp_path: Path):
    _, ids = copy_of(gallery, tmp_path / "out")
    assert copy_of(gallery, tmp_path / "out")[1] == ids
    _, other = copy_of(gallery, tmp_path / "out", name="a_restored-2.jpg")
    with gallery.begin(write=False) as tx:
        assert [tx.restorations.get(i).version for i in (*ids, *other)] == [1, 1, 2, 2]
        assert len(tx.decisions.history()) == 2


# ---- undo, step by step


def jobs(gallery: Gallery) -> list[str]:
    with gallery.begin(write=False) as tx:
        return [j.state for j in tx.jobs.find(kind="restore")]


def test_a_rejected_copy_that_is_there_again_stays_when_the_rejection_is_taken_back(gallery: Gallery, tmp_path: Path):
    """Somebody took it out of the bin, or a kill came before it was removed."""
    copy, ids = copy_of(gallery, tmp_path / "out")
    copies, people = MovedCopies(gallery, tmp_path / "out"), People(gallery)
    accept(copies, str(copy))
    kept = copy.read_bytes()
    reject(copies, str(copy))
    assert not copy.exists()
    copy.write_bytes(kept)
    record, removed = undo(copies, people, None)
    assert (removed, copy.read_bytes(), jobs(gallery)) == ([], kept, [])
    assert facts(gallery, ids) == {("done", "accepted")}
    _, removed = undo(copies, people, record.id)
    assert removed == [copy]
    assert facts(gallery, ids) == {("rejected", "rejected")}


def test_every_undo_goes_one_step_back_also_past_a_job_that_waits(gallery: Gallery, tmp_path: Path):
    copies, people = MovedCopies(gallery, tmp_path / "out"), People(gallery)
    with gallery.begin() as tx:
        tx.decisions.create_person("Ada")
    first, ids = copy_of(gallery, tmp_path / "out")
    reject(copies, str(first))
    second, _ = copy_of(gallery, tmp_path / "out", name="a_restored-2.jpg")
    assert undo(copies, people, None)[1] == [second]
    undo(copies, people, None)
    assert jobs(gallery) == ["waiting"], "the rejected copy is asked for again"
    undo(copies, people, None)
    assert jobs(gallery) == ["cancelled"]
    assert facts(gallery, ids) == {("undone", None)}
    undo(copies, people, None)
    with gallery.begin(write=False) as tx:
        assert tx.people.find() == []


def test_redoing_a_restoration_whose_copy_is_gone_asks_for_it_and_claims_no_other(gallery: Gallery, tmp_path: Path):
    copies, people = MovedCopies(gallery, tmp_path / "out"), People(gallery)
    _, ids = copy_of(gallery, tmp_path / "out")
    taken_back, _ = undo(copies, people, None)
    record, _ = undo(copies, people, taken_back.id)
    assert (record.kind, facts(gallery, ids), jobs(gallery)) == ("redo", {("undone", None)}, ["waiting"])
    undo(copies, people, None)
    assert jobs(gallery) == ["cancelled"]
    taken_back = next(d for d in _history(gallery) if d.kind == "undo")
    copy, later = copy_of(gallery, tmp_path / "out")
    undo(copies, people, taken_back.id)
    assert facts(gallery, ids) == {("undone", None)}, "the copy there is the later one's"
    assert facts(gallery, [i for i in later if i not in ids]) == {("done", None)}
    undo(copies, people, None)
    assert copy.exists()


def _history(gallery: Gallery):
    with gallery.begin(write=False) as tx:
        return tx.decisions.history()


@pytest.mark.parametrize("verb", ["undo", "reject"])
def test_a_copy_that_was_not_removed_before_a_crash_is_removed_at_the_next_start(
    gallery: Gallery, tmp_path: Path, verb: str
):
    copies = MovedCopies(gallery, tmp_path / "out")
    copy, ids = copy_of(gallery, tmp_path / "out")
    with gallery.begin() as tx:  # and here the process was killed
        tx.decisions.undo() if verb == "undo" else tx.decisions.reject_restorations(ids)
    kept = copy.read_bytes()
    assert finish_removals(copies) == [copy]
    copy.write_bytes(kept)
    assert finish_removals(copies) == [], "put back by hand: it is wanted"
    assert copy.exists()


def test_a_photo_whose_copy_was_rejected_is_known_by_its_path(gallery: Gallery, tmp_path: Path):
    copies = MovedCopies(gallery, tmp_path / "out")
    copy, ids = copy_of(gallery, tmp_path / "out")
    reject(copies, str(copy))
    assert [r.id for r in find(copies, "/lib/a.jpg")] == ids
    with pytest.raises(GalleryError, match="cannot be accepted: it is rejected"):
        accept(copies, "/lib/a.jpg")


def test_who_went_while_the_restorer_worked_is_left_out_and_who_was_merged_is_who_they_are_now(
    gallery: Gallery, tmp_path: Path
):
    with gallery.begin() as tx:
        ada, bea = (tx.decisions.create_person(n).person_id for n in ("Ada", "Bea"))
        tx.decisions.merge(ada, [bea])
    copy = tmp_path / "copy.jpg"
    Image.new("RGB", (8, 8)).save(copy)
    verdict = Verdict(VerdictKind.PASS, STILL_MATCHES(), 5.0)
    results = [
        FaceResult(Path("/lib/a.jpg"), number=n, face_id=77, person_id=who, restorer="r", verdict=verdict, output=copy,
                   bbox=BBox(50 * n, 0, 50 * n + 40, 40))
        for n, who in enumerate((99, bea))
    ]  # fmt: skip
    outputs(gallery, tmp_path).remember(
        results, copy, input_sha256="in", weights_sha256="w", options={"seed": 42}, origin="hand"
    )
    with gallery.begin(write=False) as tx:
        rows = tx.restorations.history()
    assert {(r.face_id, r.person_id) for r in rows} == {(None, None), (None, ada)}


# ---- what no algorithm may do again


def row(tmp_path: Path, **changes) -> RestorationRecord:
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(b"ours")
    made = RestorationRecord(
        id=7, face_id=1, photo="/a.jpg", input_sha256="in", restorer="r", weights_sha256="w", options={}, seed=1,
        person_id=1, references=({"face_id": 2}, {"face_id": 3}), similarity_before=None, similarity_after=None,
        verdict="pass", output=str(copy), output_sha256="x", state="done", created_at="",
    )  # fmt: skip
    return replace(made, **changes)


def again(
    *rows: RestorationRecord,
    sha: str = "in",
    restorer: str = "r",
    weights: str | None = "w",
    references: tuple[int, ...] = (3, 2),
):
    backend = RestorerBackend(restorer, FakeRestorer, weights)
    return why_not_again(rows, input_sha256=sha, restorer=backend, references=references)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, RESTORED_ALREADY),
        ({"state": "rejected", "decided": "rejected"}, REJECTED_BEFORE),
        ({"state": "undone"}, TAKEN_BACK),
        ({"state": "refused", "output": None}, REFUSED_BEFORE),
        ({"state": "unseen", "output": None}, UNSEEN_BEFORE),
        ({"output": "deleted.jpg"}, DELETED),
    ],
    ids=lambda v: str(v)[:20],
)
def test_the_same_result_is_not_made_again(tmp_path: Path, changes: dict[str, Any], why: str):
    if changes.get("output"):
        changes = {**changes, "output": str(tmp_path / changes["output"])}
    old = row(tmp_path, **changes)
    assert again(old).code == why
    assert again(old, restorer="better") is None, "a better restorer may try"
    assert again(old, references=(2,)) is None, "other references may help"
    assert again(old, sha="edited") is None, "the photo is another one now"
    assert again(old, weights=None).code == why, "nobody knows of others"
    said_by_a_network = old.state in ("refused", "unseen")
    assert (again(old, weights="newer") is None) == said_by_a_network, "it has learnt since; people have not changed"


def test_an_accepted_result_is_never_replaced(tmp_path: Path):
    old = row(tmp_path, decided="accepted")
    for other in ({"restorer": "better"}, {"references": (2,)}, {"sha": "edited"}, {}):
        assert again(old, **other) == ACCEPTED(restoration=old.id)


def test_an_unplugged_drive_is_no_deletion(tmp_path: Path):
    old = row(tmp_path, output="/nowhere/at/all/copy.jpg")
    assert presence(old) == "offline"
    assert again(old).code == RESTORED_ALREADY


def test_an_open_proposal_stands_in_nobodys_way(tmp_path: Path):
    assert again(row(tmp_path, state="proposed", output=None)) is None
    assert again(row(tmp_path, state="rejected", output=None)).code == REJECTED_BEFORE


# ---- the whole way, with real models


def test_copies_go_into_the_mirror_and_nothing_rejected_comes_back_by_itself(cli: Cli, library: Library):
    before = tree_hash(library.photos)
    [made] = cli("restore", library.ruined)["results"]
    copy = Path(made["output"])
    assert copy.parent == cli.home / "restored" / library.photos.name / library.ruined.parent.relative_to(
        library.photos
    )
    [shown] = cli("restore", "show", copy)["restorations"]
    assert (shown["state"], shown["file"], shown["version"], shown["origin"]) == ("done", "there", 1, "hand")
    assert shown["seconds"] > 0

    def by_itself() -> str:
        app = build_app(load_settings(cli.home, {}))
        try:
            [result] = app.restoring.restore(library.ruined, RestoreRequest(origin="cleanup"))
        finally:
            app.close()
        assert result.output is None
        assert result.skipped is not None
        return result.skipped.code

    assert by_itself() == RESTORED_ALREADY
    cli("restore", "accept", copy)
    assert by_itself() == ACCEPTED
    cli("restore", "reject", library.ruined)
    assert not copy.exists()
    assert by_itself() == REJECTED_BEFORE
    [again] = cli("restore", library.ruined)["results"]
    assert again["output"] is not None, "by hand it is made again"
    states = [(r["state"], r["decided"], r["version"]) for r in cli("restore", "list", library.ruined)["restorations"]]
    assert states == [("done", None, 2), ("rejected", "rejected", 1)]
    assert tree_hash(library.photos) == before


def test_an_edited_copy_is_left_alone_for_ever(cli: Cli, library: Library):
    """It still carries our mark and its record, as pictures do after many an editor."""
    [made] = cli("restore", library.ruined)["results"]
    copy = Path(made["output"])
    assert cli("restore", library.ruined)["results"][0]["output"] == str(copy), "the same again is the same file"
    copy.write_bytes(copy.read_bytes() + b"edited")
    edited = copy.read_bytes()
    [again] = cli("restore", library.ruined)["results"]
    assert Path(again["output"]).name == "sample-ruined-print_restored-2.jpg"
    cli("restore", "reject", again["output"])
    cli("restore", "reject", copy)
    assert copy.read_bytes() == edited
    assert not Path(again["output"]).exists()


def test_an_accepted_proposal_becomes_a_copy(cli: Cli, library: Library):
    app = build_app(load_settings(cli.home, {}))
    try:
        with app.gallery.begin(write=False) as tx:
            photo = tx.photos.by_path(str(library.ruined))
            assert photo is not None
            [face] = tx.faces.of_photo(photo.id)
        [candidate] = app.candidates.of([face.id], restorer=app.restorers.backend("auto"))
        assert candidate.reason is None
        assert 0 < candidate.gain.value <= 1
        assert candidate.choice is not None
        assert candidate.choice.chosen
        first = propose(app.gallery, candidate, restorer=app.restorers.backend("auto").id)
        assert first is not None
        proposal = propose(app.gallery, candidate, restorer=app.restorers.backend("auto").id)
        assert proposal is not None
        nothing = replace(candidate, reason=SHARP_ALREADY(degradation=0.1))
        assert propose(app.gallery, nothing, restorer="r") is None
    finally:
        app.close()
    [listed] = cli("restore", "list", "--state", "proposed")["restorations"]
    assert listed["restoration_id"] == proposal.id, "one open proposal per face"
    assert [r["face_id"] for r in listed["references"]] == [c.face_id for c in candidate.choice.chosen]
    [row] = cli("restore", "accept", proposal.id, "--enqueue")["accepted"]
    assert row["job_id"] is not None
    [row] = cli("restore", "accept", proposal.id)["accepted"]
    assert Path(row["results"][0]["output"]).is_file()
    assert cli("restore", "list", "--state", "proposed")["restorations"] == []
    cli("restore", "accept", proposal.id, code=3)


def test_unknown_names_are_not_found(cli: Cli, tmp_path: Path):
    assert "see: iconface restored list" in cli("restored", "show", "nothing.jpg", code=3)["error"]["message"]
    cli("restored", "reject", 99, code=3)
    cli("restored", "list", "--state", "elsewhere", code=2)


def test_several_are_decided_all_or_none_and_each_once(cli: Cli, library: Library):
    [row] = cli("restore", library.ruined)["results"]
    copy = Path(row["output"])
    [made] = cli("restored", "list")["restorations"]
    which = made["restoration_id"]
    for verb in ("accept", "reject"):
        assert "id 99" in cli("restored", verb, which, 99, code=3)["error"]["message"]
        assert copy.exists()
        assert cli("restored", "show", which)["restorations"] == [made]
    assert len(cli("restored", "accept", which, copy, library.ruined)["accepted"]) == 1
    [rejected] = cli("restored", "reject", which, which)["rejected"]
    assert rejected["removed"] == [str(copy)]
    before = cli("history")["decisions"]
    cli("restored", "reject", which, code=1)
    cli("restored", "accept", which, code=1)
    assert cli("history")["decisions"] == before
