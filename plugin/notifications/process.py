"""One notification: shown, answered, done. Reads it as JSON from its input.

The library speaks to the notification service of each system (D-Bus, Windows toasts, macOS Notification Center), which
needs an event loop for the answers; in a process of its own neither stays in the service.
"""

import asyncio
import html
import subprocess
import sys
from contextlib import suppress
from functools import partial

from desktop_notifier import Button as Shown
from desktop_notifier import DesktopNotifier, Icon

from iconface_core.codec import decode_json

from ..languages import _, speaking
from .note import Button, Note
from .opening import open_target

ANSWER_S = 600.0
"""How long the buttons work. The notification may stay longer in the desktop's list."""

CONNECT_S = 20.0


async def show(note: Note) -> Button | None:
    """Show it and wait: the button that was pressed, None when it was dismissed or nobody answered. Does what the
    button stands for.

    Raises whatever the desktop's notification service fails with.
    """
    notifier = DesktopNotifier(app_name="iconface", app_icon=Icon(name="image-x-generic"))
    answer: asyncio.Future[Button | None] = asyncio.get_running_loop().create_future()

    def say(pressed: Button | None) -> None:
        if not answer.done():
            answer.set_result(pressed)

    click = next((b for b in note.buttons if b.on_click), None)
    sending = notifier.send(
        note.title,
        _as_markup(note.body) if sys.platform == "linux" else note.body,
        buttons=tuple(Shown(title=b.title, on_pressed=partial(say, b)) for b in note.buttons),
        on_clicked=lambda: say(click),
        on_dismissed=lambda: say(None),
    )
    sent = await asyncio.wait_for(sending, CONNECT_S)
    if not note.buttons:
        return None
    # The library logs it when nobody shows notes here. On the other systems it may be shown and gone by now.
    if sys.platform == "linux" and not answer.done() and sent not in await notifier.get_current_notifications():
        return None
    pressed = None
    with suppress(TimeoutError):
        pressed = await asyncio.wait_for(answer, ANSWER_S)
    if pressed is not None and (said := await asyncio.to_thread(_press, pressed)):
        title, text = said
        await notifier.send(title, _as_markup(text) if sys.platform == "linux" else text)
    return pressed


def _as_markup(text: str) -> str:
    """The Linux desktops read markup in a note's text, never in its title: `Tom & Ann <1950>.jpg` would show as less
    than that, or not at all. Source: Desktop Notifications Specification 1.2, "Markup"."""
    return html.escape(text, quote=False)


def _press(button: Button) -> tuple[str, str] | None:
    """Do it. Returns title and text of what there is to tell."""
    if button.opens is not None:
        open_target(button.opens)
        return None
    try:
        done = subprocess.run(button.runs, capture_output=True, check=False)  # noqa: S603 - no shell, our own command
    except OSError as e:
        return _("{button} did not work", button=button.title), str(e)
    if done.returncode:
        return _("{button} did not work", button=button.title), done.stderr.decode(errors="replace").strip()
    return (_("Done"), button.done) if button.done else None


def main() -> None:
    """Silent without a desktop that shows notifications: that is not a fault of the restoration."""
    note = decode_json(Note, sys.stdin.read(), "note")
    try:
        with speaking(note.language):
            asyncio.run(show(note))
    except Exception as e:  # whatever a desktop may answer with
        sys.stderr.write(f"no notification: {e}\n")


if __name__ == "__main__":
    main()
