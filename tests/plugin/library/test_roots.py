"""The folders of the library, as commands, pages and scripts change them."""

from pathlib import Path

from gallery_db import Gallery
from plugin.job_kinds import enqueue_reconcile
from plugin.library.roots import Roots
from plugin.settings import load_settings


def test_a_folder_that_is_forgotten_is_looked_through_no_more(tmp_path: Path):
    folders = load_settings(tmp_path / "home", {}).folders
    with Gallery.open(folders.database) as gallery:
        roots = Roots(gallery, folders)
        ids = []
        for name in ("summer", "winter"):
            (tmp_path / name).mkdir()
            ids.append(roots.add(tmp_path / name)["root_id"])
        with gallery.begin() as tx:
            jobs = [enqueue_reconcile(tx, root_id) for root_id in ids]
        roots.remove(ids[0])
        with gallery.begin(write=False) as tx:
            assert [tx.jobs.get(job).state for job in jobs] == ["cancelled", "waiting"]
