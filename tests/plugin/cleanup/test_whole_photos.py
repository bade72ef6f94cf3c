"""`cleanup run --photo`: the photos around the faces are mended by the same use case as `restore --photo`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from gallery_db.records import WHOLE_PHOTO
from iconface_core.images.provenance import read_provenance
from plugin.app import build_app
from plugin.cleanup.outcomes import mended_photos
from plugin.cleanup.take_back import take_back
from plugin.settings import load_settings
from tests.support.library import Cli, tree_hash
from tests.support.narrow import present


def test_it_is_off_by_default_and_each_copy_can_be_taken_back(own: Callable[..., tuple[Path, Cli]]):
    photos, cli = own("*person1*")
    for photo in photos.rglob("*.jpg"):  # whichever face is the best prospect
        fade(photo)
    cli("scan")
    before = tree_hash(photos)
    cli("cleanup", "run", "--limit", 1, "--photo-steps", "nothing", "--photo", code=2)
    answer = cli("cleanup", "run", "--limit", 1, "--photo", "--photo-steps", "fading,faces")
    assert answer["cleanup"]["outcomes"].keys() <= {"restored", "refused", "left alone"}
    rows = cli("restored", "list")["restorations"]
    [whole] = [r for r in rows if r["restorer"] == WHOLE_PHOTO]
    assert (whole["origin"], whole["options"]["photo_steps"]) == ("cleanup", ["fading", "faces"])
    copy = Path(whole["output"])
    assert present(present(read_provenance(copy)).photo).steps == ("fading",)
    assert tree_hash(photos) == before

    app = build_app(load_settings(cli.home, {}))
    try:
        with app.gallery.begin(write=False) as tx:
            assert [r.id for r in mended_photos(tx, present(tx.cleanups.latest()))] == [whole["restoration_id"]]
        take_back(app.moved_copies, app.people)
    finally:
        app.close()
    assert not copy.exists(), "also where no face came of it"


def fade(photo: Path) -> None:
    """Black is grey and white is dull, as in a print that hung in the sun."""
    pixels = np.asarray(Image.open(photo).convert("RGB"), np.float32)
    Image.fromarray((70 + pixels * 0.4).astype(np.uint8)).save(photo, quality=95)
