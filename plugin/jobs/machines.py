"""Which machines work at a shared gallery, and on what."""

from gallery_db import Gallery
from gallery_db.machines import ALIVE_S

from ..errors import UsageError
from ..folders import Folders
from ..rows import Row, job_subject


def machines(folders: Folders) -> list[Row]:
    """Machines by name: what each takes, the jobs in its hands, folders of the library that it does not see, for how
    many seconds it has worked and been silent. Raises UsageError for a gallery in a file, GalleryError when it cannot
    be opened."""
    if folders.server is None:
        raise UsageError("a gallery in a file is of one machine: iconface service status")
    with Gallery.open(folders.gallery) as gallery, gallery.begin(write=False) as tx:
        roots = {r.id: r.path for r in tx.roots.all()}
        running = tx.jobs.find(states=("running",))
        now = tx.jobs.now()
        return [
            {
                "machine": m.name,
                "queues": list(m.queues),
                "version": m.version,
                "alive": m.silent_s < ALIVE_S,
                "working_s": round(m.started_s),
                "silent_s": round(m.silent_s),
                "missing": [roots[i] for i in m.missing if i in roots],
                "jobs": [
                    {"job_id": j.id, "kind": j.kind, "what": job_subject(j), "lost": (j.lease_until or 0.0) < now}
                    for j in running
                    if j.worker == m.name
                ],
            }
            for m in tx.machines.all()
        ]
