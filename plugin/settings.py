"""Settings are built once at an entry point and passed down. No module-level instance."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict

from iconface_core.codec import CodecError, decode

from .errors import UsageError
from .folders import Folders, find_folders
from .job_payloads import QUEUES, Queue

Layout = Literal["mirror", "beside", "flat"]
"""Where copies lie in the folder `restored`; `beside`: beside their originals instead."""

Megapixels = Annotated[int, Meta(ge=1, le=10_000)]
Seconds = Annotated[int, Meta(ge=0, le=86_400)]
UserName = Annotated[str, Meta(min_length=1, max_length=200)]
Minutes = Annotated[int, Meta(ge=1, le=10_080)]

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


class Choices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user may choose in `config.toml`; each key is documented in docs/settings.md."""

    detector: str = "yunet"
    embedder: str = "auto"  # AdaFace when its file is installed, else SFace
    restorer: str = "auto"
    restored: Path | None = None  # another folder for copies; `Folders.restored` is where it is
    restored_layout: Layout = "mirror"
    insightface_pack: str = "buffalo_l"
    iconface_device: str = "auto"
    iconface_weights: Literal["full", "int8"] = "full"
    iconface_offload: Literal["none", "blocks"] = "none"
    onnx_provider: Literal["cpu", "cuda", "directml", "coreml", "openvino"] = "cpu"
    workers: Annotated[int, Meta(ge=0, le=256)] = 0  # 0: one per processor
    index_side: Annotated[int, Meta(ge=256, le=20_000)] = 1600  # photos are decoded to at least this long side, pixels
    max_megapixels: Megapixels = 400
    full_megapixels: Megapixels = 80  # larger photos are indexed, not restored: that takes the whole picture in memory
    watch_quiet_seconds: Seconds = 2  # a file is read when it was left alone for so long
    watch_network_quiet_seconds: Seconds = 30  # the same on network folders
    watch_poll_minutes: Minutes = 5  # between two looks at a folder without events
    worker_idle_seconds: Seconds = 60  # a worker without a job keeps its models so long
    worker_timeout_seconds: Annotated[int, Meta(ge=10, le=604_800)] = 1200  # a job without progress is ended then
    worker_memory_mb: Annotated[int, Meta(ge=0, le=10_000_000)] = 0  # a worker that uses more is ended; 0: four fifths
    notifications: bool = True  # the service tells what became of photos on the desktop
    web_port: Annotated[int, Meta(ge=0, le=65_535)] = 0  # of the review page; 0: a free one at every start
    web_idle_minutes: Minutes = 15  # the service ends the page when none was open for so long
    phone_port: Annotated[int, Meta(ge=1024, le=65_535)] = 8766  # where phones are let in; taken: a free one
    phone_minutes: Annotated[int, Meta(ge=1, le=720)] = 60  # phones are let in for so long
    language: Literal["auto", "en", "de", "fr", "es", "ja", "ar-XB"] = "auto"  # of the page, notifications and menus
    nightly_hour: Annotated[int, Meta(ge=0, le=23)] = 3  # local time of the nightly comparison and backup
    database: str | None = None  # an address of a server; `Folders.gallery` is where it is
    machine: Annotated[str, Meta(min_length=1, max_length=100)] | None = None  # its name there; None: its host name
    queues: tuple[Queue, ...] = QUEUES  # what the workers of this machine do
    mounts: dict[str, str] = {}  # folders of the library that this machine sees elsewhere: path there -> path here
    actor: UserName | None = None  # who decides on the command line there; None: the user of the operating system
    trusted_proxy: str | None = None  # address of the reverse proxy that logs people in; None: nobody does
    proxy_secret_file: Path | None = None  # what the proxy proves itself by
    web_address: str | None = None  # what browsers call the page behind the proxy: https://photos.example.org
    unknown_users: Literal["refused", "viewer", "reviewer"] = "refused"  # whom the proxy lets in and nobody added

    def __post_init__(self) -> None:
        """A relative folder would be another for every command: it depends on where somebody stands."""
        folder = self.restored and _at_home(self.restored)
        if folder is not None and (not folder.is_absolute() or "\0" in str(folder)):
            raise ValueError(f"restored must be the whole path of a folder, not {str(self.restored)!r}")
        for path in (*self.mounts, *self.mounts.values()):
            if not path.startswith("/") or not path.strip("/"):
                raise ValueError(f"mounts must name folders by their whole paths, not {path!r}")
        if len(set(self.mounts.values())) < len(self.mounts):
            raise ValueError("mounts must not name one folder of this machine twice")
        if not self.queues:
            raise ValueError("queues must name at least one of: " + ", ".join(QUEUES))
        self._check_proxy()

    def _check_proxy(self) -> None:
        """A proxy that is not wholly described would be let in by half a check."""
        given = (self.trusted_proxy, self.proxy_secret_file, self.web_address)
        if all(g is None for g in given):
            return
        if self.trusted_proxy is None or self.proxy_secret_file is None or self.web_address is None:
            raise ValueError("trusted_proxy, proxy_secret_file and web_address are set together, or none of them")
        try:
            ip_address(self.trusted_proxy)
        except ValueError:
            raise ValueError(f"trusted_proxy must be an address like 127.0.0.1, not {self.trusted_proxy!r}") from None
        if not _at_home(self.proxy_secret_file).is_absolute():
            raise ValueError(f"proxy_secret_file must be the whole path of a file, not {str(self.proxy_secret_file)!r}")
        if not _ORIGIN.fullmatch(self.web_address):
            raise ValueError(
                f"web_address must be what browsers call the page, like https://photos.example.org, not "
                f"{self.web_address!r}"
            )


class Settings(Choices, frozen=True, kw_only=True):
    """The choices, and where everything lies."""

    folders: Folders


def load_settings(home: Path | None, env: Mapping[str, str]) -> Settings:
    """Read `config.toml` of the chosen home. Raises UsageError, naming the file, for unknown keys and for values that
    are not allowed."""
    folders = find_folders(home, env)
    file = folders.config_file
    if file.exists() and not file.is_file():  # a pipe would keep its reader for ever
        raise UsageError(f"cannot read {file}: it is no file")
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return Settings(folders=_checked(folders), **_said(env))
    except RecursionError as e:
        raise UsageError(f"cannot read {file}: it is nested too deeply") from e
    except (OSError, ValueError) as e:
        raise UsageError(f"cannot read {file}: {e}") from e
    try:
        choices = decode(Choices, raw, str(file))
    except CodecError as e:
        raise UsageError(f"{e} (docs/settings.md)") from e
    if choices.restored is not None:
        folders = replace(folders, restored=_at_home(choices.restored))
    folders = replace(folders, machine=folders.machine or choices.machine, mounts=choices.mounts)
    if choices.database is not None and folders.server is None:
        folders = _checked(replace(folders, server=choices.database), file)
    return Settings(folders=_checked(folders), **asdict(choices) | _said(env))


def _said(env: Mapping[str, str]) -> dict[str, Any]:
    """Choices that the environment makes. Raises UsageError."""
    if not (actor := env.get("ICONFACE_ACTOR")):
        return {}
    if len(actor) > 200 or not actor.isprintable():
        raise UsageError(f"ICONFACE_ACTOR must be a name, not {actor!r}")
    return {"actor": actor}


def _checked(folders: Folders, file: Path | None = None) -> Folders:
    """Raises UsageError when the server has no address, or when `file` has its password and others can read that."""
    if folders.server is None:
        return folders
    from gallery_db.errors import GalleryError  # a right-click does not wait for storage

    try:
        where = folders.gallery
    except GalleryError as e:
        raise UsageError(f"{'' if file is None else f'{file}: '}{e} (docs/scale.md)") from e
    if file is not None and not isinstance(where, Path) and where.password and _others_read(file):
        raise UsageError(f"{file}: it holds a password and others can read it: chmod 600, or use ~/.pgpass")
    return folders


def _others_read(file: Path) -> bool:
    return os.name == "posix" and bool(file.stat().st_mode & 0o077)


def _at_home(path: Path) -> Path:
    """With `~` for the home folder."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - as in `absolute`
