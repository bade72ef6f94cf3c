"""Deciding about copies and proposals, and asking for them again, without a command or a page."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import RestorationRecord, RestorationState
from iconface_core.types import BBox
from plugin.errors import NotFoundError, UnknownIdError, UsageError
from plugin.library.moved_copies import MovedCopies
from plugin.restoring.decisions import Entries, keep_entries, reject_entries, restore_entries
from plugin.restoring.listing import history
from plugin.restoring.repeat import make_again, restore_face
from tests.gallery_db.factories import put


@pytest.fixture
def faces(gallery: Gallery) -> list[int]:
    with gallery.begin() as tx:
        return put(tx, "a.jpg", 1, 2)


def restored(
    gallery: Gallery, face_id: int, state: RestorationState = "done", output: Path | None = None
) -> RestorationRecord:
    with gallery.begin() as tx:
        return tx.restorations.add(
            photo="/lib/a.jpg", input_sha256="", restorer="iconface", weights_sha256="", options={"strength": 0.7},
            seed=7, verdict="pass", state=state, face_id=face_id, bbox=BBox(0, 0, 9, 9),
            output=None if output is None else str(output), output_sha256=None if output is None else "other",
        )  # fmt: skip


def these(*ids: int) -> Entries:
    def entries(tx: Tx) -> Sequence[Sequence[RestorationRecord]]:
        return [tx.restorations.with_output(i) for i in ids]

    return entries


def test_kept_together_they_are_one_decision(gallery: Gallery, faces: list[int], tmp_path: Path):
    first, second = (restored(gallery, f, output=tmp_path / f"{f}.jpg") for f in faces)
    done = keep_entries(gallery, these(first.id, second.id))
    assert set(done.restoration_ids) == {first.id, second.id}
    with gallery.begin() as tx:
        assert [tx.restorations.get(r.id).decided for r in (first, second)] == ["accepted"] * 2
        tx.decisions.undo()
        assert [tx.restorations.get(r.id).decided for r in (first, second)] == [None] * 2


def test_a_rejected_copy_is_removed_unless_somebody_changed_it(gallery: Gallery, faces: list[int], tmp_path: Path):
    edited = tmp_path / "edited.jpg"
    edited.write_bytes(b"somebody painted in it")
    copy, proposal = restored(gallery, faces[0], output=edited), restored(gallery, faces[1], "proposed")
    copies = MovedCopies(gallery, tmp_path)
    done, removed = reject_entries(copies, these(copy.id, proposal.id))
    assert set(done.restoration_ids) == {copy.id, proposal.id}
    assert removed == []
    assert edited.exists()
    with gallery.begin(write=False) as tx:
        assert {tx.restorations.get(r.id).state for r in (copy, proposal)} == {"rejected"}


def test_every_entry_gets_a_job_of_its_own(gallery: Gallery, faces: list[int]):
    first, second = (restored(gallery, f, "proposed") for f in faces)
    jobs = restore_entries(gallery, these(first.id, second.id))
    assert set(jobs) == {first.id, second.id}
    with gallery.begin(write=False) as tx:
        assert [tx.jobs.get(jobs[r.id]).payload["face_id"] for r in (first, second)] == faces


def test_made_again_with_something_else_and_the_rest_as_it_was(gallery: Gallery, faces: list[int]):
    made = restored(gallery, faces[0], "refused")
    with gallery.begin() as tx:
        person = tx.decisions.assign_new(faces[:1], "Ada").person_id
    job = make_again(gallery, made.id, {"strength": 0.4}, person_id=person)
    with gallery.begin(write=False) as tx:
        options = tx.jobs.get(job).payload["options"]
    assert (options["strength"], options["seed"], options["person"]) == (0.4, 7, str(person))
    with pytest.raises(UnknownIdError):
        make_again(gallery, made.id, {}, person_id=999)


def test_a_face_is_restored_of_its_own_photo_only_and_while_that_is_there(
    gallery: Gallery, faces: list[int], tmp_path: Path
):
    with gallery.begin() as tx:
        photo = tx.faces.get(faces[0]).photo_id
    with pytest.raises(UnknownIdError):
        restore_face(gallery, photo, 999)
    with pytest.raises(NotFoundError):
        restore_face(gallery, photo + 1, faces[0])
    with pytest.raises(UsageError, match="not there now"):
        restore_face(gallery, photo, faces[0])
    with gallery.begin(write=False) as tx:
        assert tx.jobs.find() == []


def test_the_list_knows_its_states(gallery: Gallery, faces: list[int], tmp_path: Path):
    refused, proposed = restored(gallery, faces[0], "refused"), restored(gallery, faces[1], "proposed")
    copies = MovedCopies(gallery, tmp_path)

    def listed(*states: str, limit: int = 9) -> list[int]:
        return [r.id for r in history(copies, photo=None, states=states, limit=limit)]

    assert listed() == [proposed.id, refused.id]
    assert listed(limit=1) == [proposed.id]
    assert listed("refused") == [refused.id]
    with pytest.raises(UsageError, match="a state is one of done"):
        listed("lost")
