"""What a notification says, when it comes, and that it is shown and its buttons work on a real notification service."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.screen import Desk, missing
from gallery_db import Gallery
from gallery_db.records import JobRecord
from plugin.cli.main import run
from plugin.desktop.note import Note
from plugin.desktop.notify import Notifier, Patience, Popups, note_of, queue_has_more
from plugin.jobs.kinds import enqueue_restore

COMMAND = ("/opt/my tools/iconface", "--home", "/h")


def ended(n: int = 1, outcome: str = "restored", *, output: str | None = None, **changes: object) -> JobRecord:
    result = {"outcome": outcome, "text": f"text of {n}", "photo": f"/p/{n}.jpg", "output": output, "faces": []}
    fields: dict[str, object] = {
        "id": n, "kind": "restore", "payload": {"path": f"/p/{n}.jpg"}, "dedupe": None, "state": "done",
        "priority": 0, "attempts": 1, "max_attempts": 3, "run_after": 0.0, "lease_until": None, "error": None,
        "progress": result, "created_at": 0.0, "finished_at": 1.0, "origin": "hand",
    }  # fmt: skip
    return JobRecord(**{**fields, **changes})  # type: ignore[arg-type] - built from a table


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("restored", "Face restored"),
        ("sharp", "Already sharp"),
        ("unsure", "not sure who"),
        ("refused", "Not restored"),
    ],
)
def test_one_photo_is_told_by_name(outcome: str, words: str):
    output = "/r/1_restored.jpg" if outcome in ("restored", "unsure") else None
    note = note_of([ended(1, outcome, output=output)], COMMAND)
    assert words in note.title
    assert note.body == "1.jpg\ntext of 1"
    assert note.open_path == output
    assert note.undo == ((*COMMAND, "--quiet", "restored", "reject", "--", output) if output else ())


def test_a_failure_tells_its_reason():
    note = note_of([ended(1, state="failed", error="cannot be read", progress=None)], COMMAND)
    assert (note.title, note.body, note.undo) == ("Could not be restored", "1.jpg\ncannot be read", ())


def test_thirty_photos_are_one_note_that_opens_their_folder_and_takes_all_back():
    jobs = [ended(n, output=f"/r/a/{n}_restored.jpg") for n in range(28)]
    jobs += [ended(28, "sharp"), ended(29, "refused")]
    note = note_of(jobs, COMMAND)
    assert note.title == "28 of 30 photos restored"
    assert set(note.body.split(", ")) == {"1 already sharp", "1 refused"}
    assert note.open_path == "/r/a"
    assert note.undo[-28:] == tuple(f"/r/a/{n}_restored.jpg" for n in range(28))


def test_undo_takes_the_copy_back(cli, library):
    """The command of the button, by the command line itself."""
    output = cli("restore", library.ruined)["results"][0]["output"]
    note = note_of([ended(1, output=output)], ("iconface", "--home", str(cli.home)))
    assert Path(output).is_file()
    assert run([*note.undo[1:]]) == 0
    assert not Path(output).exists()


def test_a_batch_is_one_note_once_nothing_more_waits():
    shown: list[Note] = []
    waiting = [True]
    notifier = Notifier(lambda _: waiting[0], COMMAND, shown.append, Patience(settle=0.05))
    for n in range(5):
        notifier.job_done(ended(n, output=f"/r/{n}.jpg"))
    time.sleep(0.3)
    assert shown == []
    waiting[0] = False
    notifier.job_done(ended(5, output="/r/5.jpg"))
    wait_for(lambda: shown)
    assert [n.title for n in shown] == ["6 photos restored"]


def test_photos_asked_for_by_hand_and_by_rule_are_told_apart_and_others_not_at_all():
    shown: list[Note] = []
    notifier = Notifier(lambda _: True, COMMAND, shown.append)
    notifier.job_done(ended(1))
    notifier.job_done(ended(2, origin="auto"))
    notifier.job_done(ended(3, origin="cleanup"))
    notifier.job_done(ended(4, kind="changes"))
    notifier.job_done(ended(5, state="waiting"))
    notifier.close()
    assert sorted(n.body for n in shown) == ["1.jpg\ntext of 1", "2.jpg\ntext of 2"]
    notifier.close()
    assert len(shown) == 2


def test_what_still_waits_is_read_from_the_queue(tmp_path: Path):
    with Gallery.open(tmp_path / "gallery.db") as gallery:
        more = queue_has_more(gallery)
        assert not more("hand")
        with gallery.begin() as tx:
            enqueue_restore(tx, Path("/p/1.jpg"))
        assert more("hand")
        assert not more("auto")


def test_the_service_imports_no_notification_library():
    code = "import sys, plugin.desktop.notify; assert not {'desktop_notifier', 'dbus_fast', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_fails_without_a_desktop(tmp_path: Path):
    env = {k: v for k, v in os.environ.items() if k not in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY")}
    env |= {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    note = json.dumps({"title": "t", "body": "b", "open_path": None, "undo": []})
    done = subprocess.run(
        [sys.executable, "-m", "plugin.desktop.show_note"],
        input=note.encode(),
        env=env,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    popups = Popups(("/nowhere/python",))
    popups.show(Note("t", "b"))


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
    words = ["sh", "-c", 'exec "$0" -m plugin.desktop.show_note < "$1"', sys.executable, file]
    return dunst.start(words, bus=False, log="note")


@pytest.mark.parametrize("button", ["Open", "Undo"])
def test_a_note_is_shown_and_its_buttons_work(button: str, dunst: Desk, tmp_path: Path, stub):
    """Open runs `xdg-open` (a stub here), Undo the command of the note."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "xdg-open").symlink_to(stub.path)
    photo = tmp_path / "a b_restored.jpg"
    Image.new("RGB", (8, 8)).save(photo)
    note = Note(
        "Face restored", "a b.jpg\n1 face restored: Grüße", str(photo), (str(stub.path), "undo it", "--", str(photo))
    )
    process = show(dunst, note, tmp_path / "bin")
    dunst.until(lambda: ask(dunst, "count", "displayed") == "1", "not shown")
    dunst.see("Face restored")
    dunst.screenshot("note")

    (tmp_path / "choice").write_text(button)
    ask(dunst, "context")

    expected = ["undo it", "--", str(photo)] if button == "Undo" else [str(photo)]
    calls = dunst.until(lambda: found_calls(tmp_path, stub), f"{button} did nothing")
    assert calls == [expected]
    assert process.wait(20) == 0


def found_calls(tmp_path: Path, stub) -> list[list[str]]:
    opened = [p.read_text().split("\0")[:-1] for p in (tmp_path / "bin").glob("*.call")]
    return stub.calls() + opened


def wait_for(look: Callable[[], object], timeout: float = 20) -> None:
    end = time.monotonic() + timeout
    while not look():
        assert time.monotonic() < end
        time.sleep(0.02)
