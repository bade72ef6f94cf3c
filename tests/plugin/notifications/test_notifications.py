"""What a notification says, when it comes, and that it is shown and its buttons work on a real notification service."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gallery_db import Gallery
from gallery_db.errors import GalleryBusyError
from gallery_db.records import JobRecord, RestorationRecord, RestorationState
from iconface_core.reason_codes import FILE_EMPTY, OTHER_PERSON, PICTURE_DAMAGED, SHARP_ALREADY, TOO_SMALL
from iconface_core.reasons import Reason
from plugin.cli.main import run
from plugin.job_kinds import enqueue_restore
from plugin.notifications.batching import Notifier, Patience, queue_has_more, words_of
from plugin.notifications.note import Button, Note
from plugin.notifications.plain import plain
from plugin.notifications.show import Popups
from plugin.notifications.wording import note_of, note_of_proposals
from plugin.reasons import IN_FILE, NO_FACE, OUR_COPY, REFUSED, REJECTED_BEFORE, STATED
from tests.support.screen import Desk, missing
from tests.support.waiting import until

COMMAND = ("/opt/my tools/iconface", "--home", "/h")


def ended(
    n: int = 1, outcome: str = "restored", *, output: str | None = None, faces: Sequence[object] = (), **changes: Any
) -> JobRecord:
    result = {
        "outcome": outcome,
        "text": STATED(text=f"text of {n}").as_json(),
        "photo": f"/p/{n}.jpg",
        "output": output,
        "faces": faces,
    }
    record = JobRecord(
        id=n, kind="restore", payload={"path": f"/p/{n}.jpg", "face_id": None, "options": {}}, dedupe=None,
        state="done", priority=0, attempts=1, max_attempts=3, run_after=0.0, lease_until=None, error=None,
        progress=result, created_at=0.0, finished_at=1.0, origin="hand",
    )  # fmt: skip
    return replace(record, **changes)


SHARP, STRANGER = SHARP_ALREADY(degradation=0.02), REFUSED(verdict=OTHER_PERSON())
FACE = {"person_name": "Anna", "output": "/r/1_restored.jpg", "skipped_reason": None}


@pytest.mark.parametrize(
    ("outcome", "faces", "title", "text"),
    [
        ("restored", [FACE], "Face restored", "Anna"),
        ("restored", [FACE, {**FACE, "person_name": "Ben"}], "Face restored", "Anna and Ben"),
        ("restored", [FACE, {**FACE, "person_name": None}], "Face restored", "Anna and one more face"),
        ("unsure", [{**FACE, "person_name": None}], "not sure who", "Name the person"),
        (
            "refused",
            [{"skipped_reason": STRANGER.as_json()}],
            "Not restored",
            "Your photo is as it was.",
        ),
        ("sharp", [{"skipped_reason": SHARP.as_json()}], "Already sharp", "nothing to improve"),
        ("sharp", [{"skipped_reason": TOO_SMALL(px=7, least=8).as_json()}], "Too small", "too few pixels"),
        ("sharp", [{"skipped_reason": OUR_COPY().as_json()}], "restored already", ""),
        ("sharp", [{"skipped_reason": REJECTED_BEFORE(restoration=1).as_json()}], "Left as it is", "Text of 1."),
    ],
)
def test_one_photo_is_told_by_name_in_plain_words(outcome: str, faces: list[dict[str, Any]], title: str, text: str):
    output = "/r/1_restored.jpg" if outcome in ("restored", "unsure") else None
    note = note_of([ended(1, outcome, output=output, faces=faces)], COMMAND)
    assert title in note.title
    assert note.body.startswith("1.jpg")
    assert text in note.body
    if output is None:
        assert note.buttons == ()
    else:
        undo = (*COMMAND, "--quiet", "restored", "reject", "--", output)
        removes = Button("Undo", runs=undo, done="The restored copy is removed.")
        assert note.buttons == (Button("Open", opens=output, on_click=True), removes)


@pytest.mark.parametrize(
    ("error", "title", "said"),
    [
        (IN_FILE(path="/p/1.jpg", why=PICTURE_DAMAGED(format="jpeg", detail="3 bytes")), "Could not",
         "The file is damaged or incomplete."),
        (IN_FILE(path="/p/no such.jpg", why=NO_FACE()), "No face found", "Is the face"),
        (STATED(text="the database is locked"), "Could not", "The database is locked."),
    ],
)  # fmt: skip
def test_a_failure_tells_its_reason_without_paths_and_brackets(error: Reason, title: str, said: str):
    note = note_of([ended(1, state="failed", error=error, progress=None)], COMMAND)
    assert title in note.title
    assert note.body.startswith(f"1.jpg\n{said}")
    assert note.buttons == ()


@given(st.text(max_size=200))
def test_any_reason_can_be_told(reason: str):
    assert "\n" not in plain(STATED(text=reason))


def test_thirty_photos_are_one_note_that_opens_their_folder_and_takes_all_back():
    jobs = [ended(n, output=f"/r/a/{n}_restored.jpg") for n in range(27)]
    jobs += [ended(27, "sharp", faces=[{"skipped_reason": SHARP.as_json()}]), ended(28, "refused")]
    jobs += [ended(29, state="failed", error=IN_FILE(path="/p/29.jpg", why=FILE_EMPTY()), progress=None)]
    note = note_of(jobs, COMMAND)
    assert note.title == "27 of 30 photos restored"
    first, named = note.body.split("\n")
    assert "1 already sharp" in first
    assert named == "29.jpg: The file is empty."
    assert note.buttons[0].opens == "/r/a"
    assert note.buttons[1].runs[-27:] == tuple(f"/r/a/{n}_restored.jpg" for n in range(27))


def test_undo_takes_the_copy_back(cli, library):
    """The command of the button, by the command line itself."""
    output = cli("restore", library.ruined)["results"][0]["output"]
    note = note_of([ended(1, output=output)], ("iconface", "--home", str(cli.home)))
    assert Path(output).is_file()
    assert run([*note.buttons[1].runs[1:]]) == 0
    assert not Path(output).exists()


def proposal(n: int, photo: str, person: int | None) -> RestorationRecord:
    return RestorationRecord(
        id=n, photo=photo, input_sha256="", restorer="r", weights_sha256="", options={}, seed=1, verdict="",
        state="proposed", face_id=n, person_id=person, references=(), similarity_before=None, similarity_after=None,
        output=None, output_sha256=None, created_at="", version=1, bbox=None, origin="auto", seconds=None,
    )  # fmt: skip


def test_proposals_ask_once_and_name_the_people():
    names = {1: "Anna", 2: "Ben", 3: "Cleo"}
    one = note_of_proposals([proposal(7, "/p/a.jpg", 1)], names, COMMAND)
    assert one.title == "A photo of Anna could be restored"
    assert one.body.startswith("a.jpg\n")
    assert [b.title for b in one.buttons] == ["Restore", "Open"]
    assert one.buttons[0].runs == (*COMMAND, "--quiet", "restored", "accept", "--enqueue", "--", "7")
    two = note_of_proposals([proposal(1, "/p/a.jpg", 1), proposal(2, "/p/a.jpg", 2)], names, COMMAND)
    assert two.title == "A photo of Anna and Ben could be restored"
    many = note_of_proposals([proposal(n, f"/p/{n}.jpg", 1 + n % 3) for n in range(7)], names, COMMAND)
    assert many.title == "7 photos could be restored"
    assert many.body.startswith("3 of Anna, 2 of Ben, 2 of Cleo\n")


def told(shown: list[Note], more: Callable[[str], bool], patience: Patience | None = None) -> Notifier:
    return Notifier(more, lambda topic, jobs: Note(topic, str(len(jobs))), shown.append, patience)


def test_a_batch_is_one_note_once_nothing_more_waits():
    shown: list[Note] = []
    waiting = [True]
    notifier = told(shown, lambda _: waiting[0], Patience(settle=0.05))
    for n in range(5):
        notifier.job_done(ended(n, output=f"/r/{n}.jpg"))
    time.sleep(0.3)
    assert shown == []
    waiting[0] = False
    notifier.job_done(ended(5, output="/r/5.jpg"))
    until(lambda: shown)
    assert shown == [Note("hand", "6")]


def test_what_nobody_asked_for_is_told_rarely_and_then_together():
    shown: list[Note] = []
    notifier = told(shown, lambda _: False, Patience(settle=0.02, apart=3600))
    for topic, job in (("proposed", proposed()), ("auto", ended(1, origin="auto"))):
        notifier.job_done(job)
        until(lambda: shown)
        for _ in range(5):
            notifier.job_done(job)
        time.sleep(0.2)
        assert shown == [Note(topic, "1")]
        shown.clear()
    notifier.job_done(ended(2))
    until(lambda: shown)
    assert shown == [Note("hand", "1")], "who clicked is told at once"
    shown.clear()
    notifier.close()
    assert sorted(n.body for n in shown) == ["5", "5"]


def test_what_cannot_be_read_keeps_the_rest_from_nobody():
    shown: list[Note] = []

    def words(topic: str, jobs: Sequence[JobRecord]) -> Note:
        if topic == "proposed":
            raise GalleryBusyError("busy")
        return Note(topic, "")

    notifier = Notifier(lambda _: True, words, shown.append)
    notifier.job_done(proposed())
    notifier.job_done(ended(1))
    notifier.close()
    assert shown == [Note("hand", "")]


def test_photos_asked_for_by_hand_and_by_rule_are_told_apart_and_others_not_at_all():
    shown: list[Note] = []
    notifier = told(shown, lambda _: True)
    notifier.job_done(ended(1))
    notifier.job_done(ended(2, origin="auto"))
    notifier.job_done(ended(3, origin="cleanup"))
    notifier.job_done(ended(4, kind="changes"))
    notifier.job_done(ended(5, state="waiting"))
    notifier.job_done(ended(6, kind="propose", progress={"faces": {}, "proposals": []}))
    notifier.close()
    assert sorted(n.title for n in shown) == ["auto", "hand"]
    notifier.close()
    assert len(shown) == 2


def proposed(*ids: int) -> JobRecord:
    return ended(9, kind="propose", origin="auto", progress={"proposals": list(ids or [1])})


def test_proposals_that_were_decided_meanwhile_are_not_asked_about(tmp_path: Path):
    states: tuple[RestorationState, ...] = ("proposed", "rejected")
    with Gallery.open(tmp_path / "gallery.db") as gallery:
        with gallery.begin() as tx:
            ids = [
                tx.restorations.add(
                    photo=f"/p/{n}.jpg", input_sha256=str(n), restorer="r", weights_sha256="", options={}, seed=1,
                    verdict="", state=state, origin="auto",
                ).id
                for n, state in enumerate(states)
            ]  # fmt: skip
        words = words_of(gallery, COMMAND)
        note = words("proposed", [proposed(*ids, 99)])
        assert note is not None
        assert note.title == "A photo could be restored"
        assert words("proposed", [proposed(ids[1])]) is None


def test_what_still_waits_is_read_from_the_queue(tmp_path: Path):
    with Gallery.open(tmp_path / "gallery.db") as gallery:
        more = queue_has_more(gallery)
        assert not more("hand")
        assert not more("proposed")
        with gallery.begin() as tx:
            enqueue_restore(tx, Path("/p/1.jpg"))
            tx.jobs.enqueue("propose", {"root_id": 1}, dedupe="1", origin="auto")
        assert more("hand")
        assert not more("auto")
        assert more("proposed")


def test_the_service_imports_no_notification_library():
    libraries = {"desktop_notifier", "dbus_fast", "torch"}
    code = f"import sys, plugin.notifications.batching; assert not {libraries} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_fails_without_a_desktop(tmp_path: Path):
    env = {k: v for k, v in os.environ.items() if k not in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY")}
    env |= {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    note = json.dumps(asdict(Note("t", "b", (Button("Undo", runs=("false",)),))))
    done = subprocess.run(
        [sys.executable, "-m", "plugin.notifications.process"],
        input=note.encode(),
        env=env,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    popups = Popups(("/nowhere/python",))
    popups.show(Note("t", "b"))


def test_a_click_that_nothing_can_come_of_is_told(dunst: Desk, tmp_path: Path):
    """Without the service: there is no such photo, and then the settings cannot be read."""
    program = Path(sys.executable).with_name("iconface")
    photo = tmp_path / "a.jpg"
    config = tmp_path / "h" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    for n, (settings, code) in enumerate((("notifications = false", 3), ("", 3), ("what?", 2))):
        config.write_text(settings)
        if code == 2:
            photo.touch()
        argv: list[str | Path] = [program, "--home", tmp_path / "h", "restore", "--enqueue", "--", photo]
        done = subprocess.run(argv, env=dunst.env, capture_output=True, check=False)
        assert done.returncode == code, done.stderr

        def shown(count: str = str(n)) -> bool:
            return ask(dunst, "count", "displayed") == count

        dunst.until(shown, "not shown")


def test_a_click_while_restoring_is_paused_is_told_and_its_button_lets_it_go_on(dunst: Desk, tmp_path: Path):
    program, home, photo = Path(sys.executable).with_name("iconface"), tmp_path / "h", tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(photo)

    def iconface(*words: str | Path) -> str:
        argv = [program, "--home", home, *words]
        return subprocess.run(argv, env=dunst.env, capture_output=True, text=True, check=True).stdout

    iconface("jobs", "pause", "restore")
    iconface("restore", "--enqueue", "--", photo)
    try:
        dunst.until(lambda: ask(dunst, "count", "displayed") == "1", "not shown")
        dunst.see("Restoring is paused")
        (tmp_path / "choice").write_text("Go on")
        ask(dunst, "context")
        dunst.until(lambda: not json.loads(iconface("jobs", "list", "--json"))["paused"], "still paused")
    finally:
        iconface("service", "stop")


DUNSTRC = """[global]
    dmenu = {chooser}
    mouse_left_click = context
    font = Sans 12
[urgency_normal]
    background = "#ffffff"
    foreground = "#000000"
    timeout = 0
"""


@pytest.fixture
def dunst(table: Desk, tmp_path: Path) -> Desk:
    """A notification service whose context menu is answered by what stands in the file `choice`."""
    if lacking := missing("dunst", "dunstctl"):
        pytest.skip(f"{', '.join(lacking)} not installed (see .ci/system-packages)")
    chooser = tmp_path / "chooser"
    chooser.write_text(f'#!/bin/sh\ngrep -- "$(cat "{tmp_path}/choice")" | head -1\n')
    chooser.chmod(0o755)
    (table.home / ".config" / "dunst").mkdir(parents=True)
    (table.home / ".config" / "dunst" / "dunstrc").write_text(DUNSTRC.format(chooser=chooser))
    table.join_bus("dunst")
    table.until(lambda: ask(table, "count") is not None, "dunst does not answer")
    return table


def ask(dunst: Desk, *words: str) -> str | None:
    done = subprocess.run(["dunstctl", *words], env=dunst.env, capture_output=True, text=True, timeout=20)
    return done.stdout.strip() if done.returncode == 0 else None


def show(dunst: Desk, note: Note, programs: Path) -> subprocess.Popen[bytes]:
    """Start the process that shows `note`; it ends with the desk."""
    file = dunst.folder / "note.json"
    file.write_text(json.dumps(asdict(note)))
    dunst.env["PATH"] = f"{programs}:{dunst.env['PATH']}"
    words: list[str | Path] = ["sh", "-c", 'exec "$0" -m plugin.notifications.process < "$1"', sys.executable, file]
    return dunst.start(words, bus=False, log="note")


@pytest.mark.parametrize("button", ["Open", "Undo"])
def test_a_note_is_shown_and_its_buttons_work(button: str, dunst: Desk, tmp_path: Path, stub):
    """Open runs `xdg-open` (a stub here), Undo the command of the note."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "xdg-open").symlink_to(stub.path)
    photo = tmp_path / "a b_restored.jpg"
    Image.new("RGB", (8, 8)).save(photo)
    undo = Button("Undo", runs=(str(stub.path), "undo it", "--", str(photo)), done="It is gone.")
    note = Note("Face restored", "a b.jpg\nGrüße", (Button("Open", opens=str(photo), on_click=True), undo))
    process = show(dunst, note, tmp_path / "bin")
    dunst.until(lambda: ask(dunst, "count", "displayed") == "1", "not shown")
    dunst.see("Face restored")
    dunst.screenshot("note")

    (tmp_path / "choice").write_text(button)
    ask(dunst, "context")

    expected = ["undo it", "--", str(photo)] if button == "Undo" else [str(photo)]
    calls = dunst.until(lambda: found_calls(tmp_path, stub), f"{button} did nothing")
    assert calls == [expected]
    assert process.wait(60) == 0


def test_names_of_photos_are_no_markup(dunst: Desk, tmp_path: Path):
    """Unescaped, this desktop hides what it takes for a tag; others show nothing at all."""
    process = show(dunst, Note("Tom & Ann", "<Summer 1950> & more.jpg"), tmp_path)
    dunst.see("Tom & Ann")
    dunst.see("Summer 1950")
    assert process.wait(60) == 0


def found_calls(tmp_path: Path, stub) -> list[list[str]]:
    opened = [p.read_text().split("\0")[:-1] for p in (tmp_path / "bin").glob("*.call")]
    return stub.calls() + opened
