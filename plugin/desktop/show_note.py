"""One notification: shown, answered, done. `python -m plugin.desktop.show_note` reads it as JSON from standard input.

The library speaks to the notification service of each system (D-Bus, Windows toasts, macOS Notification Center), which
needs an event loop for the answers; in a process of its own neither stays in the service.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress

import typer
from desktop_notifier import Button, DesktopNotifier, Icon

from .note import Note

ANSWER_S = 600.0
"""How long the buttons work. The notification may stay longer in the desktop's list."""

CONNECT_S = 20.0


async def show(note: Note) -> str:
    """Show it and wait: `open`, `undo`, or empty when it was dismissed or nobody answered. Carries the answer out.

    Raises whatever the desktop's notification service fails with.
    """
    notifier = DesktopNotifier(app_name="iconface", app_icon=Icon(name="image-x-generic"))
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def say(word: str) -> None:
        if not answer.done():
            answer.set_result(word)

    buttons = []
    if note.open_path:
        buttons.append(Button(title="Open", on_pressed=lambda: say("open")))
    if note.undo:
        buttons.append(Button(title="Undo", on_pressed=lambda: say("undo")))
    sending = notifier.send(
        note.title,
        note.body,
        buttons=tuple(buttons),
        on_clicked=lambda: say("open" if note.open_path else ""),
        on_dismissed=lambda: say(""),
    )
    await asyncio.wait_for(sending, CONNECT_S)
    if not buttons:
        return ""
    said = ""
    with suppress(TimeoutError):
        said = await asyncio.wait_for(answer, ANSWER_S)
    if said == "open" and note.open_path:
        typer.launch(note.open_path)
    if said == "undo":
        done = await asyncio.to_thread(subprocess.run, note.undo, capture_output=True, check=False)
        why = done.stderr.decode(errors="replace").strip()
        title = "Could not be undone" if done.returncode else "Taken back"
        await notifier.send(title, why if done.returncode else "The restored copies are removed.")
    return said


def main() -> None:
    """Silent without a desktop that shows notifications: that is no fault of the restoration."""
    fields = json.load(sys.stdin)
    note = Note(fields["title"], fields["body"], fields["open_path"], tuple(fields["undo"]))
    try:
        asyncio.run(show(note))
    except Exception as e:  # whatever a desktop may answer with
        sys.stderr.write(f"no notification: {e}\n")


if __name__ == "__main__":
    main()
