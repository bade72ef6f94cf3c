"""Machines that see different folders, under different paths; and the commands of machines."""

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from gallery_db import Gallery
from gallery_db.database.address import Server
from plugin.app import App
from plugin.cli.main import run
from plugin.job_kinds import enqueue_restore
from plugin.jobs.presence import Presence
from plugin.jobs.registry import kinds_of
from plugin.library.scan_jobs import scan_soon
from plugin.settings import load_settings
from tests.support.library import Cli
from tests.support.shared_gallery import at_rest, opened, working
from tests.support.stand_in_worker import machine, photos
from tests.support.waiting import until

LIBRARY = "/srv/of the library/photos"


def speak(app: App) -> None:
    Presence(app.gallery, app.settings.folders.machine_name, app.settings.queues).speak()


def test_one_folder_under_two_paths(url: str, tmp_path: Path):
    here = tmp_path / "nas" / "photos"
    [first, *_] = photos(here, 5)
    with ExitStack() as stack:
        mounted = stack.enter_context(opened(machine(tmp_path / "m", "mounted", url, {LIBRARY: str(here)})))
        without = stack.enter_context(opened(machine(tmp_path / "w", "without", url)))
        plain = stack.enter_context(Gallery.open(Server(url, tmp_path)))
        assert mounted.roots.add(here)["path"] == str(here)
        for app in (mounted, without):
            speak(app)
        scan_soon(mounted.gallery, 1)
        with without.gallery.begin() as tx:
            leave = tx.machines.left_to_others("without")
            assert leave == {1}
            assert tx.jobs.claim(tx.jobs.now(), 30, leave=leave) is None, "the other one sees it"
        with working(mounted, without):
            until(lambda: at_rest(plain))
        with mounted.gallery.begin() as tx:
            assert next(f.photo for f in tx.faces.find()) == str(first)
            assert tx.photos.known_at([], [str(here)]).keys() == {str(p) for p in here.iterdir()}
            second = tx.photos.by_path(str(here / "00001.png"))
            assert second is not None
            assert tx.photos.neighbours(second.path) == (second.id - 1, second.id + 1)
            job_id = enqueue_restore(tx, first)
            assert tx.jobs.get(job_id).payload["path"] == str(first)
        with plain.begin(write=False) as tx:
            assert {Path(p).parent for p in tx.photos.known()} == {Path(LIBRARY)}
            assert [r.path for r in tx.roots.all()] == [LIBRARY]
            job = tx.jobs.get(job_id)
            assert (job.payload["path"], job.dedupe) == (f"{LIBRARY}/{first.name}", f"{LIBRARY}/{first.name}")
            assert (job.root_id, job.machine) == (1, None)
            done = [j for j in tx.jobs.find(states=("done",)) if j.root_id]
            assert done
            assert {j.worker for j in done} == {"mounted"}
        with mounted.gallery.begin() as tx:
            tx.roots.move(1, tmp_path / "elsewhere")
        with plain.begin(write=False) as tx:
            assert {Path(p).parent for p in tx.photos.known()} == {tmp_path / "elsewhere"}


def test_what_one_machine_only_has(url: str, tmp_path: Path):
    """A photo on its desk; and a folder that nobody sees is anybody's, to say so."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(opened(machine(tmp_path / n, n, url))) for n in ("one", "other"))
        with one.gallery.begin() as tx:
            tx.roots.add(tmp_path / "gone")
            job_id = enqueue_restore(tx, tmp_path / "desk" / "a.png")
        for app in (one, other):
            speak(app)
        with other.gallery.begin() as tx:
            assert tx.jobs.claim(tx.jobs.now(), 30, kinds=kinds_of(["gpu"])) is None
            assert tx.machines.left_to_others("other") == frozenset()
        with one.gallery.begin() as tx:
            assert tx.jobs.claim(tx.jobs.now(), 30, kinds=kinds_of(["cpu"])) is None
            claimed = tx.jobs.claim(tx.jobs.now(), 30, kinds=kinds_of(["gpu"]))
            assert claimed is not None
            assert (claimed.id, claimed.worker) == (job_id, "one")


def test_the_commands(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    home = machine(tmp_path / "attic", "attic", url)
    cli = Cli(home, capsys)
    (tmp_path / "photos").mkdir()
    photos(tmp_path / "photos", 1)
    cli("library", "add", tmp_path / "photos")
    line = [sys.executable, "-m", "plugin", "--home", str(home), "worker", "run", "--queues", "gpu", "--name", "card 2"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr is not None
        assert "card 2 works" in worker.stderr.readline()
        until(lambda: cli("machines", "list")["machines"])
        [row] = cli("machines", "list")["machines"]
        assert (row["machine"], row["queues"], row["alive"]) == ("card 2", ["gpu"], True)
        assert (row["missing"], row["jobs"]) == ([], [])
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert cli("machines", "list")["machines"] == [], "it left in order"
    assert run(["worker", "run", "--home", str(home), "--queues", "cpu,tpu"]) == 2
    assert run(["worker", "run", "--home", str(tmp_path / "file")]) == 2, "a file has one worker"
    assert run(["machines", "list", "--home", str(tmp_path / "file")]) == 2


@pytest.mark.parametrize(
    "line", ['mounts = { "photos" = "/mnt/a" }', 'mounts = { "/a" = "/m", "/b" = "/m" }', "queues = []", 'machine = ""']
)
def test_settings_that_make_no_sense(line: str, tmp_path: Path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(line)
    with pytest.raises(Exception, match=r"mounts|queues|machine"):
        load_settings(tmp_path, {})
