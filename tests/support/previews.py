"""A preview that is there at once, for tests of what shows it."""

import numpy as np

from plugin.app import App
from plugin.job_payloads import PREVIEW
from plugin.picture_cache import PictureCache
from plugin.reasons import DAMAGE_FILLED, FACES_WITH_COPY
from plugin.restoring.preview import PhotoPreview
from plugin.restoring.preview_jobs import as_result, keep
from tests.support.narrow import present


def shown_at_once(app: App) -> int:
    """End the preview that waits, with small pictures; returns its job."""
    grey = np.full((400, 600, 3), 90, np.uint8)
    marked = grey.copy()
    marked[100:110] = (255, 0, 60)
    notes = (DAMAGE_FILLED(share=0.025), FACES_WITH_COPY(faces=2))
    preview = PhotoPreview(grey, marked, grey + 60, True, notes)
    cache = PictureCache(app.settings.folders.web_pictures)
    made = as_result(keep(preview, cache, cache.epoch()))
    with app.gallery.begin() as tx:
        job = present(tx.jobs.claim(tx.jobs.now(), 60, kinds=[PREVIEW]))
        tx.jobs.finish(job, tx.jobs.now(), made)
    return job.id
