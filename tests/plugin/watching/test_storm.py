"""The storm of benchmarks/watch_storm.py, small: the watcher's gallery is the one that a fresh scan makes."""

import os
import sys
import threading
from pathlib import Path

from plugin.app import build_app
from plugin.progress import Silent
from plugin.settings import load_settings

from .conftest import Watched

sys.path.append(str(Path(__file__).resolve().parents[3]))  # benchmarks are not installed

from benchmarks.watch_storm import Storm, differences, ids_by_content, what_is_known

SEED = int(os.environ.get("STORM_SEED", "7"))


def test_a_storm_ends_as_a_fresh_scan_would(watched: Watched, tmp_path: Path):
    (tmp_path / "outside").mkdir()
    storm = Storm(watched.root, tmp_path / "outside", SEED, pause_s=0.01)
    storm.drop(30)  # some are there before anybody watches
    watched.watch()
    storm.drop(120)
    watched.settle()
    database = watched.app.settings.folders.database
    before = ids_by_content(database)

    def rage() -> None:
        for _ in range(20):
            storm.rage(20)
            storm.drop(10)

    raging = threading.Thread(target=rage)
    raging.start()
    while raging.is_alive():
        watched.work()
        raging.join(0.05)
    watched.settle()

    fresh = build_app(load_settings(tmp_path / "fresh", {}))
    fresh.roots.add(watched.root)
    fresh.scans.run(Silent())
    fresh.close()
    ours = what_is_known(database, watched.root)
    anew = what_is_known(tmp_path / "fresh" / "data" / "gallery.db", watched.root)
    assert differences(ours, anew) == []
    assert len(anew) > 60
    assert sum(faces for _, _, faces in anew.values()) >= 5
    after = ids_by_content(database)
    kept = {digest for digest in before.keys() & after.keys() if digest not in storm.copied}
    assert len(kept) > 20
    assert {d: after[d] for d in kept} == {d: before[d] for d in kept}, "a photo lost its id, and so its names"
    assert min(storm.done.values()) > 0, storm.done
