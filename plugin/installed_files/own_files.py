"""What most integrations are made of: files that are ours as a whole, in one of the user's folders."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..languages import N_, in_every_language
from .changes import FileChange, IntegrationError, planned

MARKER = "iconface-restore-face"
"""In every file we write: what carries it is ours, what does not is not."""

LABEL = N_("Restore face")
COMMENT = N_("Restore the faces in the selected photos")
ICON = "image-x-generic"


def entry_lines(key: str, words: str) -> str:
    """`Name=...` of a desktop entry, and the same in every language: the desktop takes the one of its user."""
    return "\n".join([f"{key}={words}", *(f"{key}[{code}]={said}" for code, said in in_every_language(words).items())])


MIME_TYPES = (
    "image/jpeg", "image/png", "image/tiff", "image/webp", "image/heif", "image/heic", "image/avif", "image/bmp",
    "image/gif", "image/x-adobe-dng", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-fuji-raf", "image/x-nikon-nef",
    "image/x-olympus-orf", "image/x-panasonic-rw2", "image/x-pentax-pef", "image/x-sony-arw",
)  # fmt: skip
"""What the entry is shown for: the formats of iconface_core.images.formats that shared-mime-info has a type for."""


@dataclass(frozen=True, slots=True)
class UserFolders:
    """A user's folders on a Linux desktop, and where ours is. `system` are the folders of system-wide configuration."""

    home: Path
    data: Path
    config: Path
    own: Path
    system: tuple[Path, ...] = (Path("/etc/xdg"),)

    @classmethod
    def of(cls, env: Mapping[str, str], home: Path, own: Path) -> "UserFolders":
        """By the XDG base directory specification: relative paths count as unset."""

        def folder(name: str, default: Path) -> Path:
            path = Path(env.get(name, ""))
            return path if path.is_absolute() else default

        system = tuple(p for p in map(Path, env.get("XDG_CONFIG_DIRS", "").split(":")) if p.is_absolute())
        return cls(
            home,
            folder("XDG_DATA_HOME", home / ".local" / "share"),
            folder("XDG_CONFIG_HOME", home / ".config"),
            own,
            system or (Path("/etc/xdg"),),
        )


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that is ours as a whole. `content` carries MARKER."""

    path: Path
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """An integration made of files of our own. `folder`, when given, holds nothing else and goes with them.

    `tell` tells the system about the change.
    """

    name: str
    title: str
    hint: str
    files: tuple[OwnFile, ...]
    here: Callable[[], bool]
    folder: Path | None = None
    tell: Callable[[bool], None] = field(default=lambda wanted: None)

    def available(self) -> bool:
        return self.here()

    def plan(self, *, wanted: bool) -> list[FileChange]:
        changes = []
        for file in self.files:
            change = planned(file.path, file.content if wanted else None, executable=file.executable)
            if change.before is not None and not is_ours(change.before):
                if wanted:
                    raise IntegrationError(f"{file.path} is not from iconface; move it away and try again")
                continue
            # What the user changed in our file is kept as a copy.
            edited = change.before != file.content
            changes.append(planned(file.path, change.after, executable=file.executable, keep=edited))
        return changes

    def finish(self, *, wanted: bool) -> None:
        if not wanted and self.folder is not None:
            _remove_empty(self.folder)
        self.tell(wanted)


def on_path(*programs: str) -> Callable[[], bool]:
    """Whether any of these programs is installed."""
    return lambda: any(shutil.which(p) for p in programs)


def is_ours(content: bytes) -> bool:
    """Whether a file of this content carries our mark."""
    return MARKER.encode() in content or MARKER.encode("utf-16-le") in content


def _remove_empty(folder: Path) -> None:
    for path in (*sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True), folder):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
