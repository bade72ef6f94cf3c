"""What the application puts into the queue: nothing is lost, nothing is asked for twice. The queue's own promises:
tests/gallery_db/test_jobs.py."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery_db import Gallery
from gallery_db.gallery import Tx
from iconface_core.reasons import LEGACY
from plugin.job_kinds import HAND, enqueue_changes, enqueue_restore
from plugin.job_payloads import QueuedChoices
from plugin.jobs import inbox
from plugin.paths import printable

paths = st.lists(st.sampled_from("abcdef"), max_size=4)
shared = [HealthCheck.function_scoped_fixture]  # every example clears the queue


@settings(max_examples=25, suppress_health_check=shared)
@given(batches=st.lists(paths, min_size=1, max_size=5), claims=st.sets(st.integers(0, 4)))
def test_no_changed_path_is_ever_lost(gallery: Gallery, batches, claims):
    """Whatever is claimed, given back, failed or merged in between, every path ends in a job that is done."""
    with gallery.begin() as tx:
        for job in tx.jobs.find(states=("waiting",)):
            tx.jobs.cancel(job.id, 0)
        tx.jobs.purge(1e12)
        done: set[str] = set()
        for n, batch in enumerate(batches):
            enqueue_changes(tx, 1, batch)
            if n in claims:
                held = tx.jobs.claim(1e12, 10)
                assert held is not None
                # Failing is allowed twice: the third time it would be lost for a reason.
                tx.jobs.release(held, run_after=0) if n > 1 else tx.jobs.fail(
                    held, LEGACY(text="killed"), 0, backoff_s=0
                )
        while (due := tx.jobs.claim(1e12, 10)) is not None:
            done |= set(due.payload["paths"])
            tx.jobs.finish(due, 0)
        assert done == {p for batch in batches for p in batch}


def test_a_face_of_a_photo_is_another_job_than_the_photo(tx: Tx):
    photo = Path("/p/a.jpg")
    assert enqueue_restore(tx, photo) == enqueue_restore(tx, photo)
    assert enqueue_restore(tx, photo, face_id=3) != enqueue_restore(tx, photo, face_id=4)
    assert tx.jobs.get(enqueue_restore(tx, photo)).origin == "hand"


def test_names_that_are_not_utf8_survive(tx: Tx):
    photo = Path("/p/M\udcfcller 'x\".jpg")
    job = tx.jobs.get(enqueue_restore(tx, photo))
    assert Path(job.payload["path"]) == photo
    assert printable(photo) == "/p/M\\xfcller 'x\".jpg"


def test_the_inbox_becomes_jobs_once(gallery: Gallery, tmp_path: Path):
    folder = tmp_path / "inbox"
    assert inbox.collect(folder, gallery) == []
    photos = [Path("/p/-a b.jpg"), Path("/p/M\udcfcller.jpg")]
    file = inbox.drop(folder, photos, QueuedChoices(force=True))
    assert file.stat().st_mode & 0o077 == 0
    inbox.drop(folder, photos[:1], QueuedChoices())
    (folder / "1.job").write_text("{broken")
    ids = inbox.collect(folder, gallery)
    assert len(set(ids)) == 2, "the same photo twice is one job"
    assert inbox.collect(folder, gallery) == []
    assert [p.name for p in folder.iterdir() if p.suffix == ".bad"] == ["1.bad"]
    with gallery.begin(write=False) as tx:
        assert {tx.jobs.get(i).payload["path"] for i in ids} == {str(p) for p in photos}
        assert all(j.priority == HAND for j in tx.jobs.find())
