"""`iconface cleanup` on the sample library, with the real models."""

import csv
import html.parser
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from iconface_core.damage.sharpness import VERSION
from iconface_core.reasons import read_reasons
from plugin.app import App, build_app
from plugin.cleanup.feeder import FEED, start
from plugin.cleanup.outcomes import CleanupOutcome
from plugin.cleanup.plan import PlanFilter, make_plan
from plugin.cleanup.schedule import Gate, Hours
from plugin.cleanup.wording import HEAD, left_alone, summary_lines, table_rows
from plugin.cli.output import columns
from plugin.job_handlers.measure import enqueue_measure
from plugin.job_payloads import CLEANUP_ITEM, RESTORE
from plugin.jobs.context import JobContext
from plugin.jobs.registry import HANDLERS
from plugin.library.degradation import row, stored
from plugin.reasons import HOPELESS
from plugin.settings import load_settings
from tests.support.narrow import present
from tests.support.service import time_passes


@pytest.fixture
def app(library: Any):
    built = build_app(load_settings(library.home, {}))
    yield built
    built.close()


def measured(app: App) -> dict[int, dict[str, Any]]:
    with app.gallery.begin(write=False) as tx:
        return {f.id: dict(f.degradation or {}) for f in tx.faces.find()}


def test_indexing_measures_and_restoring_finds_the_same(cli: Any, app: App, library: Any):
    """These photos are small enough to be indexed in full, so the plan and `restore` must agree to the digit."""
    with app.gallery.begin(write=False) as tx:
        [face] = tx.faces.of_photo(present(tx.photos.by_path(str(library.ruined))).id)
    kept = stored(face.degradation)
    assert kept is not None
    [seen] = cli("restore", library.ruined, "--dry-run")["results"]
    assert seen["degradation"]["score"] == pytest.approx(kept.score, abs=1e-3)
    assert read_reasons(seen["degradation"]["reasons_data"]) == kept.reasons
    assert kept.quality == pytest.approx(face.quality, abs=1e-3)


def test_what_was_not_measured_is_measured_later(cli: Any, app: App):
    before = measured(app)
    assert {m["version"] for m in before.values()} == {VERSION}
    with app.gallery.begin() as tx:
        some = list(before)[:3]
        for face_id in some:
            tx.measures.set([(face_id, {**before[face_id], "version": VERSION - 1, "score": 0.0})])
        tx.measures.set([(list(before)[3], {**before[list(before)[3]], "reduced": 2.0, "score": 0.0})])
        assert tx.measures.counts(VERSION)[1:] == (len(before) - 3, len(before) - 4)
    summary = cli("cleanup", "plan")["summary"]
    assert (summary["measured"], summary["measured_in_full"]) == (len(before) - 3, len(before) - 4)
    assert cli("cleanup", "measure")["measured"] == 4
    assert measured(app) == before
    assert cli("cleanup", "measure")["measured"] == 0


def test_a_photo_that_changed_since_is_not_measured(own: Any):
    folder, cli = own("*person4*")
    cli("scan")
    app = build_app(load_settings(cli.home, {}))
    try:
        with app.gallery.begin() as tx:
            faces = tx.faces.find()
            tx.measures.set([(f.id, {"version": 0}) for f in faces])
        changed, gone, *_ = sorted(folder.iterdir())
        Image.open(changed).resize((100, 100)).save(changed)
        gone.unlink()
        answer = cli("cleanup", "measure", code=5)
        assert answer["measured"] == len(faces) - 2
        assert set(answer["failed"]) == {str(changed), str(gone)}
    finally:
        app.close()


def test_the_plan_says_who_why_with_what_and_how_long(cli: Any, app: App, library: Any):
    answer = cli("cleanup", "plan")
    faces = {f["photo"]: f for f in answer["faces"]}
    ruined = faces[str(library.ruined)]
    assert ruined["degradation"]["score"] > 0.25
    assert ruined["degradation"]["reasons"]
    assert 1 <= len(ruined["references"]) <= 3
    assert ruined["likeness"] is not None
    gains = [f["gain"] for f in answer["faces"]]
    assert gains == sorted(gains, reverse=True)
    assert answer["estimate"]["hours"] is None, "nothing was ever restored here"
    assert answer["estimate"]["disk_bytes"] > 0
    assert answer["summary"]["worth_restoring"] == len(faces)
    assert len(cli("cleanup", "plan", "--limit", 2)["faces"]) == 2
    owner = ruined["person_id"]
    assert {f["person_id"] for f in cli("cleanup", "plan", "-p", owner)["faces"]} == {owner}
    assert cli("cleanup", "plan", "--since", "2030-01-01")["faces"] == []
    assert cli("cleanup", "plan", "--min-degradation", "1")["faces"] == []
    assert len(cli("cleanup", "plan", "--root", library.photos)["faces"]) == len(faces)
    assert cli("cleanup", "plan", "--min-gain", "0.99")["faces"] == []
    cli("cleanup", "plan", "--people", "Nobody", code=3)
    cli("cleanup", "run", "--hours", "sometimes", code=2)


def test_hopeless_faces_are_left_out_with_a_reason(cli: Any, app: App, library: Any):
    with app.gallery.begin() as tx:
        [face] = tx.faces.of_photo(present(tx.photos.by_path(str(library.ruined))).id)
        tx.measures.set([(face.id, {**present(face.degradation), "quality": 0.01})])
    [candidate] = app.candidates.of([face.id], restorer=app.restorers.backend("auto"))
    assert (present(candidate.reason).code, candidate.gain.value) == (HOPELESS, 0)
    plan = make_plan(app, PlanFilter())
    assert face.id not in {c.face.id for c in plan.items}
    assert left_alone(plan)["too little of a face is left"] == 1


def test_a_report_begins_with_what_people_waited_for():
    def outcome(state: str, named: bool, changed: float | None) -> CleanupOutcome:
        return CleanupOutcome("restored", "a.jpg", state=state, named=named, changed_mean=changed)

    mixed = [outcome("done", False, 20), outcome("done", True, 3), outcome("rejected", True, 30)]
    mixed += [outcome("done", True, 9), outcome("done", True, None)]
    first = [(o.state, o.named, o.changed_mean) for o in sorted(mixed, key=lambda o: o.first)]
    assert first[:3] == [("done", True, 9), ("done", True, 3), ("done", True, None)]
    assert first[3:] == [("done", False, 20), ("rejected", True, 30)]


def test_a_measure_is_read_back_as_it_was(app: App):
    kept = next(stored(m) for m in measured(app).values() if m)
    assert kept is not None
    assert stored(json.loads(json.dumps(row(kept)))) == kept
    assert stored({**row(kept), "version": VERSION + 1}) is None
    assert stored(None) is None


def test_run_status_report_and_what_the_next_plan_leaves_alone(cli: Any, library: Any, tmp_path: Path):
    assert cli("cleanup", "status")["cleanup"]["started_at"] is None
    cli("cleanup", "report", tmp_path / "early.html", code=2)
    planned = cli("cleanup", "run", "--dry-run", "--limit", 6)["faces"]
    answer = cli("cleanup", "run", "--limit", 6)
    assert answer["end"] == "done"
    ended = answer["cleanup"]
    assert (ended["faces"], ended["faces_ended"], ended["finished"]) == (len(planned), len(planned), True)
    assert cli("cleanup", "status")["cleanup"] == ended
    rows = cli("restored", "list")["restorations"]
    assert {r["origin"] for r in rows} == {"cleanup"}
    assert {r["face_id"] for r in rows} <= {f["face_id"] for f in planned}
    assert set(ended["outcomes"]) <= {"restored", "refused", "left alone"}
    assert "unseen" in {r["state"] for r in rows}, "what nobody would have seen is remembered too"
    assert ended["outcomes"].get("restored", 0) == sum(r["state"] == "done" for r in rows) > 0

    again = cli("cleanup", "plan")
    assert {f["face_id"] for f in again["faces"]}.isdisjoint(r["face_id"] for r in rows)
    assert again["estimate"]["measured_on"] == len(rows) - 1, "from the end of one to the end of the next"
    assert again["estimate"]["hours"] > 0

    made = next(r for r in rows if r["state"] == "done")
    cli("people", "name", made["person_id"], "<script>alert(1)</script>")
    files = cli("cleanup", "report", tmp_path / "out")["files"]
    page, table = (Path(f) for f in sorted(files, reverse=True))
    found = Tags(page.read_text("utf-8"))
    assert found.tags["article"] == len(planned)
    assert found.tags["script"] == 0, "names are text"
    assert "<script>alert(1)</script>" in found.text
    assert found.images >= len(planned)
    assert all(s.startswith("data:image/jpeg;base64,") for s in found.sources), "nothing comes from outside"
    with table.open(newline="", encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(planned)
    assert Counter(line["outcome"] for line in lines) == Counter(ended["outcomes"])
    cli("cleanup", "report", tmp_path / "x.pdf", code=2)
    cli("cleanup", "report", library.photos, code=2)
    assert not list(library.photos.glob("cleanup.*")), "nothing is ever written there"


class Tags(html.parser.HTMLParser):
    """Counts tags, collects text and picture sources."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.sources: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.sources += [v or "" for k, v in attrs if k in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def images(self) -> int:
        return self.tags["img"]


def test_pause_holds_the_rest_and_run_goes_on(cli: Any, app: App):
    plan = make_plan(app, PlanFilter(limit=3))
    with app.gallery.begin() as tx:
        start(tx, plan.by_photo())
    cli("cleanup", "pause")
    assert cli("jobs", "run")["paused"] == ["cleanup_item"]
    state = cli("cleanup", "status")["cleanup"]
    assert (state["paused"], state["fed"], state["finished"]) == (True, 0, False)
    answer = cli("cleanup", "run")
    assert answer["cleanup"]["started_at"] == state["started_at"], "the same one, not a new plan"
    assert (answer["end"], answer["cleanup"]["faces_ended"]) == ("done", 3)


def test_kill_minus_nine_in_the_middle_doubles_and_loses_nothing(cli: Any, app: App, library: Any):
    """Command, supervisor and worker die at once while photos are being restored; the same command ends the work."""
    wanted = {c.face.id for c in make_plan(app, PlanFilter(limit=4)).items}
    assert len(wanted) == 4
    command = [sys.executable, "-m", "plugin", "--home", str(library.home), "cleanup", "run"]
    process = subprocess.Popen(
        [*command, "--limit", "4"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        with app.gallery.begin(write=False) as tx:
            if tx.restorations.history():
                break
        time.sleep(0.02)
    assert process.poll() is None, "killed too late to prove anything"
    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in family:
        member.kill()
    process.wait()
    psutil.wait_procs(family, timeout=10)
    time_passes(library.home)
    with app.gallery.begin(write=False) as tx:
        before = [r.id for r in tx.restorations.history()]
    assert 0 < len(before) < 4, "it was in the middle"

    answer = cli("cleanup", "run")
    assert (answer["end"], answer["cleanup"]["faces_ended"]) == ("done", 4)
    with app.gallery.begin(write=False) as tx:
        rows = tx.restorations.history()
        jobs = tx.jobs.find(states=("waiting", "running", "failed"))
    assert Counter(r.face_id for r in rows) == Counter(wanted), "every face once"
    assert jobs == []
    copies = [p for p in (library.home / "restored").rglob("*") if p.is_file()]
    assert sorted(map(str, copies)) == sorted(present(r.output) for r in rows if r.state == "done")
    assert all(p.stem.endswith("_restored") for p in copies), "no second version"


def test_the_gate_of_a_run_is_kept_with_it(app: App):
    with app.gallery.begin() as tx:
        run = start(tx, [(1, [1])], hours=Hours.parse("22-6"), idle=True)
    assert Gate.of(run) == Gate(Hours(22 * 60, 6 * 60), idle=True)


def test_nothing_to_do_begins_nothing(cli: Any, app: App):
    assert cli("cleanup", "pause") == {"schema_version": 1, "command": "cleanup pause", "paused": False}
    answer = cli("cleanup", "run", "--min-degradation", "1")
    assert (answer["end"], answer["cleanup"]["started_at"]) == ("done", None)


def test_a_face_forgotten_after_the_plan_is_left_alone_and_nothing_fails(cli: Any, app: App):
    plan = make_plan(app, PlanFilter(limit=1))
    [person] = {c.face.person_id for c in plan.items}
    assert person is not None
    with app.gallery.begin() as tx:
        start(tx, plan.by_photo(), estimated=plan.estimate)
    cli("forget", person, "--yes")
    answer = cli("cleanup", "run")
    assert answer["cleanup"]["outcomes"] == {"left alone": 1}


def test_somebody_hidden_after_the_plan_is_left_out(cli: Any, app: App):
    plan = make_plan(app, PlanFilter(limit=6))
    hidden = plan.items[0].face.person_id
    others = {c.face.id for c in plan.items if c.face.person_id != hidden}
    with app.gallery.begin() as tx:
        start(tx, plan.by_photo())
    cli("people", "hide", hidden)
    with app.gallery.begin() as tx:
        job = tx.jobs.claim(time.time(), 30, kinds=[CLEANUP_ITEM])
    assert job is not None
    HANDLERS[CLEANUP_ITEM].run(app, job.payload, JobContext())
    with app.gallery.begin(write=False) as tx:
        fed = {i for j in tx.jobs.find(kind=RESTORE) for i in j.payload["options"]["face_ids"]}
    assert fed == {i for _, ids in plan.by_photo()[:FEED] for i in ids} & others


def test_a_name_does_not_break_the_table():
    _, row = columns(("who", "photo"), [("Ada", "a\nb\x1b[31m\u202egpj.jpg")])
    assert row == r"Ada  a\nb\x1b[31m\u202egpj.jpg"


def test_faces_of_an_older_rule_are_measured_at_night_and_plans_say_so(cli: Any, app: App):
    with app.gallery.begin() as tx:
        for face in tx.faces.find():
            tx.measures.set([(face.id, {**dict(face.degradation or {}), "version": VERSION - 1})])
    plan = make_plan(app, PlanFilter())
    assert any(f"{plan.faces} faces not measured yet, or by an older rule" in line for line in summary_lines(plan))
    with app.gallery.begin() as tx:
        assert enqueue_measure(tx, priority=-20) is not None
    cli("jobs", "run")
    with app.gallery.begin() as tx:
        assert tx.measures.counts(VERSION)[2] == plan.faces
        assert enqueue_measure(tx, priority=-20) is None


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_table_fits_a_terminal(app: App, width: int):
    rows = table_rows(make_plan(app, PlanFilter()), width)
    assert rows
    assert max(map(len, columns(HEAD, rows))) <= max(width, 80)
