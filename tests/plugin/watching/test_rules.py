"""Automatic restoration: of whom, when, and never twice."""

import shutil
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gallery_db.records import FaceFilter, RestorationRecord
from plugin.app import App, build_app
from plugin.cli.main import run as command
from plugin.errors import UsageError
from plugin.job_handlers import propose, restore, scan
from plugin.job_payloads import ChangesPayload, QueuedChoices, RestorePayload, RootPayload
from plugin.jobs.context import JobContext
from plugin.jobs.registry import HANDLERS
from plugin.library.auto_restore_rules import RestoreRules, rules_of
from plugin.reasons import REJECTED_BEFORE
from plugin.settings import load_settings
from tests.support.narrow import present


@dataclass(frozen=True)
class Scanned:
    """Photos on disk, the ruined print, and the home of a gallery that has scanned the photos."""

    photos: Path
    ruined: Path
    home: Path


class Home:
    """A library with one known person, Ada, into which photos come."""

    def __init__(self, app: App, folder: Path, ruined: Path) -> None:
        self.app, self.folder, self.ruined = app, folder, ruined

    def rules(self, **values) -> None:
        self.app.roots.set_rules(1, lambda before: RestoreRules(**values))

    def arrive(self, *names: str) -> list[int]:
        """Copies of the ruined print, each with bytes of its own; their face ids once they are indexed and judged."""
        with self.app.gallery.begin(write=False) as tx:
            last = tx.faces.last_id()
        self.index(*names)
        self.judge()
        with self.app.gallery.begin(write=False) as tx:
            return [f.id for f in tx.faces.find(FaceFilter(after_id=last))]

    def index(self, *names: str) -> None:
        for name in names:
            (self.folder / name).write_bytes(self.ruined.read_bytes() + name.encode())
        paths = [str(self.folder / n) for n in names]
        scan.changes(self.app, ChangesPayload(1, tuple(paths)), JobContext("watch"))

    def judge(self) -> None:
        while True:
            with self.app.gallery.begin() as tx:
                job = tx.jobs.claim(time.time(), 60, kinds=["propose"])
            if job is None:
                return
            HANDLERS["propose"].run(self.app, job.payload, JobContext(job.origin))
            with self.app.gallery.begin() as tx:
                tx.jobs.finish(job, time.time())

    def proposals(self) -> list[RestorationRecord]:
        with self.app.gallery.begin(write=False) as tx:
            return [r for r in tx.restorations.history() if r.state == "proposed"]

    def restore_jobs(self) -> list[int]:
        with self.app.gallery.begin(write=False) as tx:
            jobs = tx.jobs.find(kind="restore")
        assert all((j.origin, j.priority) == ("auto", 10) for j in jobs)
        return [j.payload["face_id"] for j in jobs]


@pytest.fixture(scope="module")
def one_person(sample: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """Five good photos of one person, scanned, the person named Ada."""
    base = tmp_path_factory.mktemp("one")
    (base / "photos").mkdir()
    for photo in sample[0].glob("*person4*"):
        shutil.copy2(photo, base / "photos" / photo.name)
    home = base / "home"
    quiet = ["--home", str(home), "--quiet", "--yes"]
    assert command([*quiet, "library", "add", str(base / "photos")]) == 0
    assert command([*quiet, "scan"]) == 0
    assert command([*quiet, "people", "name", "1", "Ada"]) == 0
    return Scanned(base / "photos", sample[1], home)


@pytest.fixture
def home(one_person: Scanned, tmp_path: Path) -> Generator[Home]:
    """Ada's library, to change at will."""
    shutil.copytree(one_person.home, tmp_path / "home")
    app = build_app(load_settings(tmp_path / "home", {}))
    added = [one_person.photos / "arrived"]
    added[0].mkdir()
    yield Home(app, added[0], one_person.ruined)
    app.close()
    shutil.rmtree(added[0])


def test_off_does_nothing(home: Home):
    home.arrive("a.jpg")
    assert (home.proposals(), home.restore_jobs()) == ([], [])


def test_a_degraded_photo_of_a_known_person_is_proposed_once(home: Home):
    home.rules(mode="propose")
    assert home.proposals() == [], "what was there before is not new"
    [face] = home.arrive("a.jpg")
    [proposal] = home.proposals()
    assert (proposal.face_id, proposal.origin, proposal.output) == (face, "auto", None)
    assert len(proposal.references) >= 1
    assert all("person4" in r["photo"] for r in proposal.references)
    with home.app.gallery.begin(write=False) as tx:
        assert tx.people.names()[present(proposal.person_id)] == "Ada"
    paths = [str(home.folder / "a.jpg")]
    scan.changes(home.app, ChangesPayload(1, tuple(paths)), JobContext("watch"))
    home.judge()
    propose.run(home.app, RootPayload(1), JobContext("auto"))
    assert home.proposals() == [proposal]
    assert home.restore_jobs() == []


def test_a_queued_restoration_obeys_a_no_by_its_origin_alone(home: Home):
    """Who asks is the job's, not an option that a caller may forget."""
    [face] = home.arrive("a.jpg")
    payload = RestorePayload(str(home.folder / "a.jpg"), face, QueuedChoices(restorer="nano"))
    first = restore.run(home.app, payload, JobContext("auto"))
    assert first["outcome"] == "restored", first
    with home.app.gallery.begin() as tx:
        tx.decisions.reject_restorations([tx.restorations.history()[0].id])
    again = restore.run(home.app, payload, JobContext("auto"))
    assert again["text"]["code"] == REJECTED_BEFORE
    assert again["output"] is None
    assert restore.run(home.app, payload, JobContext("hand"))["outcome"] == "restored"


def test_auto_enqueues_each_face_once_however_many_come(home: Home):
    home.rules(mode="auto")
    faces = home.arrive(*[f"{i}.jpg" for i in range(8)])
    assert len(faces) == 8
    assert sorted(home.restore_jobs()) == faces
    propose.run(home.app, RootPayload(1), JobContext("auto"))
    assert sorted(home.restore_jobs()) == faces
    assert home.proposals() == []


class KilledError(Exception):
    pass


class Dying(JobContext):
    """Of a job that ends in the middle of its third face."""

    asked = 0

    def check(self) -> None:
        self.asked += 1
        if self.asked == 3:
            raise KilledError


def test_a_killed_job_run_again_doubles_nothing(home: Home):
    home.rules(mode="auto")
    home.index(*(f"{name}.jpg" for name in "abcd"))
    with pytest.raises(KilledError):
        propose.run(home.app, RootPayload(1), Dying("auto"))
    assert len(home.restore_jobs()) == 2
    propose.run(home.app, RootPayload(1), JobContext("auto"))
    assert len(home.restore_jobs()) == 4 == len(set(home.restore_jobs()))


def test_what_a_killed_job_proposed_is_told_by_the_next_one_and_only_once(home: Home):
    home.rules(mode="propose")
    home.arrive("before.jpg")
    [before] = home.proposals()
    home.index(*(f"{name}.jpg" for name in "abcd"))
    with pytest.raises(KilledError):
        propose.run(home.app, RootPayload(1), Dying("auto"))
    told = propose.run(home.app, RootPayload(1), JobContext("auto"))
    assert set(told["proposals"]) == {r.id for r in home.proposals()} - {before.id}
    assert (len(told["proposals"]), told["faces"]) == (4, {"proposed": 2, "dealt with before": 2})
    assert propose.run(home.app, RootPayload(1), JobContext("auto"))["proposals"] == []


def test_proposals_of_an_older_release_are_not_told_again(home: Home):
    home.rules(mode="propose")
    home.arrive("before.jpg")
    with home.app.gallery.begin() as tx:
        tx.meta.set(propose.TOLD, None)
    home.index("after.jpg")
    told = propose.run(home.app, RootPayload(1), JobContext("auto"))
    assert told["proposals"] == [max(r.id for r in home.proposals())]


@pytest.mark.parametrize("act", ["name", "hide", "ignore"])
def test_people_who_are_unknown_hidden_or_ignored_are_left_alone(home: Home, act: str):
    with home.app.gallery.begin() as tx:
        if act == "name":
            tx.decisions.name(1, None)
        elif act == "hide":
            tx.decisions.hide(1)
        else:
            tx.decisions.ignore(1)
    home.rules(mode="auto")
    home.arrive("a.jpg")
    home.rules(mode="propose")
    home.arrive("b.jpg")
    assert (home.proposals(), home.restore_jobs()) == ([], [])


def test_a_stranger_is_left_alone(home: Home, sample: tuple[Path, Path]):
    home.rules(mode="auto")
    home.ruined = sample[0] / "sample-person1-1999.jpg"
    assert home.arrive("stranger.jpg")
    assert home.restore_jobs() == []


@pytest.mark.parametrize("strict", [{"min_degradation": 1.0}, {"min_similarity": 1.0}, {"min_references": 4}])
def test_thresholds_hold_back(home: Home, strict: dict[str, float]):
    home.rules(mode="propose", **strict)
    home.arrive("a.jpg")
    assert home.proposals() == []


def test_what_was_decided_is_not_asked_again(home: Home):
    home.rules(mode="propose")
    home.arrive("a.jpg")
    [proposal] = home.proposals()
    with home.app.gallery.begin() as tx:
        tx.restorations.add(
            photo=proposal.photo, input_sha256=proposal.input_sha256, restorer="r", weights_sha256="", options={},
            seed=1, verdict="refused", state="refused", face_id=proposal.face_id, person_id=1,
        )  # fmt: skip
        tx.meta.set("judged_up_to:1", str((proposal.face_id or 0) - 1))
    propose.run(home.app, RootPayload(1), JobContext("auto"))
    assert home.proposals() == []


def test_rules_of_the_command_line(home: Home, capsys: pytest.CaptureFixture[str]):
    import json

    base = ["--home", str(home.app.settings.folders.data.parent), "--json"]
    folder = str(home.folder.parent)

    def ask(*more: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert command([*base, "library", "rules", folder, *more]) == code
        return json.loads(capsys.readouterr().out)

    assert ask()["root"]["rules"]["mode"] == "off"
    assert ask("--auto", "propose", "--min-similarity", "0.4", "--dry-run")["root"]["rules"]["mode"] == "propose"
    assert ask()["root"]["rules"]["mode"] == "off", "a dry run changes nothing"
    changed = ask("--auto", "propose", "--min-similarity", "0.4")["root"]["rules"]
    assert changed == {"mode": "propose", "min_degradation": 0.0, "min_similarity": 0.4, "min_references": 1}
    assert ask("--min-references", "2")["root"]["rules"] == changed | {"min_references": 2}
    assert "off, propose, auto" in ask("--auto", "always", code=2)["error"]["message"]
    with home.app.gallery.begin(write=False) as tx:
        assert rules_of(tx.roots.get(1)).min_references == 2


def test_rules_out_of_range():
    for wrong in ({"mode": "always"}, {"min_degradation": 1.5}, {"min_similarity": -2.0}, {"min_references": -1}):
        with pytest.raises(UsageError):
            RestoreRules(**wrong)


def test_every_kind_of_the_watcher_has_its_handler():
    assert {"changes", "reconcile", "propose"} <= HANDLERS.keys()
