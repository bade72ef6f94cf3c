"""A scan that several workers share makes the gallery that one process makes, and does no work twice."""

import shutil
from contextlib import ExitStack
from pathlib import Path

from gallery_db.database.schema import photo
from plugin.cleanup.feeder import start as begin
from plugin.job_payloads import RESTORE
from plugin.library.scan_jobs import scan_soon
from plugin.progress import Silent
from tests.gallery_db.factories import put
from tests.support.shared_gallery import NOTED, at_rest, content, opened, working
from tests.support.stand_in_worker import machine, photos
from tests.support.waiting import until


def test_four_workers_make_what_one_process_makes(url: str, tmp_path: Path):
    folder = tmp_path / "photos"
    made = photos(folder, 40)
    (folder / "broken.jpg").write_bytes(made[0].read_bytes()[:200])
    shutil.copy(made[3], folder / "copy of 3.png")
    with ExitStack() as stack:
        alone = stack.enter_context(opened(machine(tmp_path / "alone", "alone", None)))
        apps = [stack.enter_context(opened(machine(tmp_path / f"m{n}", f"m{n}", url))) for n in range(4)]
        shared = apps[0].gallery
        for app in (alone, apps[0]):
            app.roots.add(folder)
        with working(*apps):
            for step in (lambda: None, lambda: _tidy(folder, made)):
                step()
                alone.scans.run(Silent())
                scan_soon(shared, 1)
                until(lambda: at_rest(shared), 60)
                assert content(shared) == content(alone.gallery)
        with shared.begin(write=False) as tx:
            jobs = tx.jobs.find()
            assert {j.state for j in jobs} == {"done"}
            scans = [j.progress or {} for j in jobs if j.kind == "settle"]
        assert [(s["new"], s["moved"], s["missing"], len(s["failed"])) for s in scans] == [(41, 0, 0, 0), (1, 1, 1, 0)]
        assert len(content(shared)["people"]) > 5  # type: ignore[arg-type]


def test_a_clean_up_is_shared(url: str, tmp_path: Path):
    with ExitStack() as stack:
        apps = [stack.enter_context(opened(machine(tmp_path / f"m{n}", f"m{n}", url))) for n in range(3)]
        gallery = apps[0].gallery
        with gallery.begin() as tx:
            root = tx.roots.add(tmp_path).id
            faces = [put(tx, f"{tmp_path}/{n}.png") for n in range(30)]
            tx.meta._c.execute(photo.update().values(root_id=root))
            begin(tx, [(tx.faces.get(f).photo_id, [f]) for [f] in faces])
        with working(*apps, handlers=NOTED):
            until(lambda: at_rest(gallery), 60)
        with gallery.begin(write=False) as tx:
            restored = tx.jobs.find(kind=RESTORE)
            assert sorted(str((j.progress or {})["photo"]) for j in restored) == sorted(
                p.path for p in tx.photos.find()
            )
            assert {(j.state, j.attempts) for j in restored} == {("done", 1)}
            assert len({j.worker for j in restored}) > 1


def _tidy(folder: Path, made: list[Path]) -> None:
    made[0].rename(folder / "moved.png")
    made[1].unlink()
    photos(folder / "more", 1, people=9)
    (folder / "more" / "00000.png").rename(folder / "more" / "new.png")
