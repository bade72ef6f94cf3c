"""A virtual desktop and somebody who sits at it: reads what is on the screen (OCR) and uses mouse and keyboard.

Entries are found by their words, not by their place: the same steps work in every file manager, theme and version, and
they prove that the entry can be seen. Needs Xvfb, openbox, xdotool, dbus-run-session and tesseract.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from PIL import Image, ImageChops, ImageGrab

T = TypeVar("T")
Point = tuple[int, int]

PROGRAMS = ("Xvfb", "openbox", "xdotool", "dbus-run-session", "tesseract")
SERVICES = ("org.xfce.Xfconf.service", "org.gtk.vfs.Daemon.service", "org.gtk.vfs.Metadata.service")
"""Nothing else starts by itself on the session bus: no key rings, portals or indexers. Nautilus waits for gvfs."""

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir={run}</listen>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/> <allow eavesdrop="true"/> <allow own="*"/>
  </policy>
</busconfig>
"""


def missing(*programs: str) -> list[str]:
    """Which of what a desktop needs, and of `programs`, is not installed."""
    return [p for p in (*PROGRAMS, *programs) if shutil.which(p) is None]


@dataclass
class Desk:
    """One display with its own home, `folder`. `env` is what programs on it see, and nothing of the caller's."""

    folder: Path
    env: dict[str, str]
    _groups: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _read: tuple[bytes, "list[Line]"] = (b"", [])

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def start(self, argv: Sequence[str | Path], *, bus: bool = True, log: str | None = None) -> subprocess.Popen[bytes]:
        """Start a program, by default on a session bus of its own; it ends with the desk. Output goes to a log."""
        words = [str(a) for a in argv]
        prefix = ["dbus-run-session", f"--config-file={self.folder / 'bus.conf'}", "--"] if bus else []
        with (self.folder / f"{log or Path(words[0]).name}.log").open("ab") as file:
            process = subprocess.Popen(
                [*prefix, *words], env=self.env, stdout=file, stderr=file, start_new_session=True, cwd=self.home
            )
        self._groups.append(process)
        return process

    def join_bus(self, *argv: str) -> None:
        """Start one session bus with a program on it; what is started from now on with `bus=False` shares it."""
        address = self.folder / "bus"
        words = 'echo "$DBUS_SESSION_BUS_ADDRESS" > "$0.part"; mv "$0.part" "$0"; exec "$@"'
        self.start(["sh", "-c", words, address, *argv], log=argv[0])
        self.until(address.exists, "no session bus")
        self.env["DBUS_SESSION_BUS_ADDRESS"] = address.read_text().strip()

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End a program and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process in self._groups:
            self._groups.remove(process)

    def stop_all(self) -> None:
        for process in reversed(self._groups[:]):
            self.stop(process)

    def picture(self) -> Image.Image:
        """What is on the screen."""
        return ImageGrab.grab(xdisplay=self.env["DISPLAY"]).convert("RGB")

    def do(self, *words: object) -> None:
        """One xdotool command."""
        subprocess.run(["xdotool", *map(str, words)], env=self.env, check=True, timeout=20, capture_output=True)

    def click(self, at: Point, button: int = 1) -> None:
        """Move there, as a hand does, and click."""
        self.do("mousemove", *at)
        time.sleep(0.15)  # menus ignore a click that comes with the pointer's arrival
        self.do("click", button)

    def still(self, timeout: float = 20) -> Image.Image:
        """The picture once nothing has moved for half a second."""
        end, last, since = time.monotonic() + timeout, self.picture(), time.monotonic()
        while time.monotonic() < end and time.monotonic() - since < 0.5:
            time.sleep(0.15)
            now = self.picture()
            if ImageChops.difference(now, last).getbbox() is not None:
                last, since = now, time.monotonic()
        return last

    def find(self, pattern: str, *, new_since: Image.Image | None = None) -> Point | None:
        """The middle of the words that match, None when nobody could read them; only in what has changed."""
        picture = self.picture()
        box = (0, 0, *picture.size) if new_since is None else ImageChops.difference(picture, new_since).getbbox()
        if box is None:
            return None
        for line in self._lines(picture.crop(box)):
            found = line.find(pattern)
            if found is not None:
                return box[0] + found[0], box[1] + found[1]
        return None

    def _lines(self, picture: Image.Image) -> "list[Line]":
        """What stands on it. Most looks are at the picture of the look before, and reading takes a second."""
        key = sha256(picture.tobytes() + repr(picture.size).encode()).digest()
        if self._read[0] != key:
            self._read = key, read(picture)
        return self._read[1]

    def see(self, pattern: str, *, new_since: Image.Image | None = None, timeout: float = 60) -> Point:
        """Wait until the words are there. Raises AssertionError naming a screenshot."""
        return self.until(lambda: self.find(pattern, new_since=new_since), f"no {pattern!r} on the screen", timeout)

    def until(self, look: Callable[[], T | None], why: str, timeout: float = 30) -> T:
        """The first result that is something. Raises AssertionError with `why`, naming a screenshot."""
        end = time.monotonic() + timeout
        while True:
            result = look()
            if result:
                return result
            if time.monotonic() > end:
                raise AssertionError(f"{why} after {timeout:.0f} s: {self.screenshot('failed')}")
            time.sleep(0.2)

    def screenshot(self, name: str) -> Path:
        path = self.folder / f"{name}.png"
        self.picture().save(path)
        return path

    def choose(
        self, file: str | Point, *entries: str, tries: int = 3, done: Callable[[], object] = lambda: None
    ) -> None:
        """Right-click the file whose shown name matches, or the one at a place; then click through the entries.

        The last entry is clicked again while it is still there, unless `done` says that the click was heard.
        """
        for attempt in range(tries):
            at = self.see(file) if isinstance(file, str) else file
            last = before = self.still()
            self.click(at, 3)
            try:
                for entry in entries:
                    self.see(entry, new_since=before, timeout=12)
                    opened = self.still()  # a menu that still grows has "Move to Trash" there a moment later
                    found = self.see(entry, new_since=before, timeout=12)
                    self.screenshot(f"menu-{attempt}")
                    self.click(found)
                    last, before = before, opened
                for _ in range(tries):
                    if self._gone(entries[-1], last, done):
                        break
                    self.click(found)  # a menu that had only just opened looked at the click and stayed
                return
            except AssertionError:
                if attempt == tries - 1:
                    raise
                self.do("key", "Escape")  # a window that was still being filled swallowed the click
                self.still()

    def _gone(self, entry: str, before: Image.Image, done: Callable[[], object], patience: float = 3) -> bool:
        """Whether a click was heard: it had its effect, or the menu went away. A busy program takes its time, and a
        second click would come on top of the first."""
        end = time.monotonic() + patience
        while True:
            self.still()
            if done() or self.find(entry, new_since=before) is None:
                return True
            if time.monotonic() > end:
                return False


@dataclass(frozen=True)
class Line:
    """Words side by side, each with its box (left, top, width, height) in pixels."""

    words: Sequence[tuple[str, tuple[int, int, int, int]]]

    def find(self, pattern: str) -> Point | None:
        text, starts = "", []
        for word, _ in self.words:
            starts.append(len(text))
            text += word + " "
        match = re.search(pattern, text)
        if match is None:
            return None
        boxes = [
            b for (w, b), at in zip(self.words, starts, strict=True) if at < match.end() and at + len(w) > match.start()
        ]
        left, right = min(b[0] for b in boxes), max(b[0] + b[2] for b in boxes)
        return (left + right) // 2, boxes[0][1] + boxes[0][3] // 2


def read(picture: Image.Image) -> list[Line]:
    """The lines of text on a picture of a screen."""
    file = BytesIO()
    scale = 2  # letters of a screen are small for a reader of scanned pages
    picture.convert("L").resize((picture.width * scale, picture.height * scale), Image.Resampling.LANCZOS).save(
        file, "PNG"
    )
    out = subprocess.run(
        ["tesseract", "-", "-", "--psm", "11", "--dpi", "192", "tsv"],
        input=file.getvalue(),
        capture_output=True,
        check=True,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    ).stdout.decode()
    lines: dict[tuple[str, ...], list[Any]] = {}
    for row in out.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) == 12 and cells[11].strip():
            left, top, width, height = (int(c) // scale for c in cells[6:10])
            lines.setdefault(tuple(cells[1:5]), []).append((cells[11], (left, top, width, height)))
    return [Line(words) for words in lines.values()]


@contextmanager
def desk(folder: Path, extra_env: Mapping[str, str] | None = None) -> Generator[Desk]:
    """A screen of 1024 x 768 with a window manager, gone with everything on it at the end."""
    # Sockets have short names (108 bytes): they do not live in a test's own folder.
    with TemporaryDirectory(prefix="desk-", ignore_cleanup_errors=True) as run, _screen() as display:
        result = Desk(folder, {**_prepare(folder, run), "DISPLAY": display, **(extra_env or {})})
        try:
            result.start(["openbox"], bus=False)
            yield result
        finally:
            result.stop_all()


def _prepare(folder: Path, run: str) -> dict[str, str]:
    """Folders, the bus, and the environment of everything on the desk."""
    for name in ("home", "services"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "bus.conf").write_text(_BUS.format(folder=folder, run=run))
    for service in SERVICES:
        with suppress(FileNotFoundError):
            shutil.copy(Path("/usr/share/dbus-1/services") / service, folder / "services")
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder / "home"),
        "XDG_RUNTIME_DIR": run,
        "LANG": "C.UTF-8",
        "GSETTINGS_BACKEND": "memory",
        "GVFS_DISABLE_FUSE": "1",
        "GIO_USE_VOLUME_MONITOR": "unix",
        "GTK_USE_PORTAL": "0",
        "GTK_A11Y": "none",
        "NO_AT_BRIDGE": "1",
        "GDK_BACKEND": "x11",
        "QT_QPA_PLATFORM": "xcb",
        "GSK_RENDERER": "cairo",  # GTK 4 over software GL stops painting under Xvfb every other time
    }


@contextmanager
def _screen() -> Generator[str]:
    """An X server without a monitor; its display's name."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
        pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    os.close(writer)
    try:
        with os.fdopen(reader) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()
