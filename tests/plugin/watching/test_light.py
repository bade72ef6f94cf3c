"""What the watcher's process must not load."""

import subprocess
import sys

HEAVY = (
    "{'torch', 'cv2', 'onnxruntime', 'onnx', 'faiss', 'ncnn', 'insightface', 'diffusers', 'scipy', 'rawpy', 'alembic'}"
)


def test_the_watcher_runs_without_models(tmp_path):
    """A whole life of it: gallery opened, root watched, a change enqueued."""
    code = f"""
import sys, time
from pathlib import Path
from gallery_db import Gallery
from plugin.watching.root_watch import WatchOptions
from plugin.watching.watcher import LibraryWatcher

home, root = Path(sys.argv[1]) / "gallery.db", Path(sys.argv[1]) / "photos"
root.mkdir()
with Gallery.open(home) as gallery:
    loaded_by_migration = {HEAVY} & set(sys.modules)
    with gallery.begin() as tx:
        tx.roots.add(root)
    watcher = LibraryWatcher(gallery, WatchOptions(quiet_s=0.1, busy_s=0.05))
    watcher.start()
    while not watcher.status()["roots"] or watcher.status()["roots"][0]["mode"] != "events":
        time.sleep(0.01)
    (root / "a.jpg").write_bytes(b"x")
    while not watcher.status()["roots"][0]["queued"]:
        time.sleep(0.01)
    watcher.stop()
bad = {HEAVY} & set(sys.modules) - loaded_by_migration
assert not bad, bad
assert loaded_by_migration <= {{"alembic"}}, loaded_by_migration
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60)
