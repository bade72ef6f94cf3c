"""Settings are built once at an entry point and passed down. No module-level instance.

Everything the application writes lives in the folders of `Folders`, never inside the photo library.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from platformdirs import PlatformDirs, user_pictures_path

from .errors import UsageError
from .paths import absolute


@dataclass(frozen=True, slots=True)
class Folders:
    """Where state lives. `home` is set when one folder holds everything (`--home`, `ICONFACE_HOME`)."""

    data: Path
    cache: Path
    config: Path
    state: Path
    restored: Path

    @property
    def database(self) -> Path:
        return self.data / "gallery.db"

    @property
    def vectors(self) -> Path:
        return self.data / "vectors"

    @property
    def backups(self) -> Path:
        return self.data / "backups"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def web_pictures(self) -> Path:
        """Pictures of faces and photos that the site has shown."""
        return self.cache / "web"

    @property
    def inbox(self) -> Path:
        """Requests that were made without opening the gallery."""
        return self.data / "inbox"

    @property
    def runtime(self) -> Path:
        """Lock and socket of the service. Beside the data, so that every program of the user finds it: file managers,
        shells and timers do not agree on XDG_RUNTIME_DIR."""
        return self.data / "run"

    @property
    def scan_lock(self) -> Path:
        """Held by the one process that scans."""
        return self.data / "scan.lock"

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may choose in `config.toml`; each key is documented in docs/settings.md."""

    folders: Folders
    detector: str = "yunet"
    embedder: str = "auto"  # AdaFace when its file is installed, else SFace
    restorer: str = "auto"
    restored_layout: str = "mirror"  # where copies lie in the folder `restored`: mirror, beside, flat
    insightface_pack: str = "buffalo_l"
    iconface_device: str = "auto"
    iconface_weights: str = "full"
    iconface_offload: str = "none"
    workers: int = 0  # 0: one per processor
    index_side: int = 1600  # photos are decoded to at least this long side for indexing, pixels
    max_megapixels: int = 400
    full_megapixels: int = 80  # larger photos are indexed, not restored: that takes the whole picture in memory
    watch_quiet_seconds: int = 2  # a file is read when it was left alone for so long
    watch_network_quiet_seconds: int = 30  # the same on network folders
    watch_poll_minutes: int = 5  # between two looks at a folder without events
    worker_idle_seconds: int = 60  # a worker without a job keeps its models so long
    worker_timeout_seconds: int = 1200  # a job without progress for so long is ended
    worker_memory_mb: int = 0  # a worker that uses more is ended; 0: four fifths of the memory
    notifications: bool = True  # the service tells what became of photos on the desktop
    web_port: int = 0  # of the review page; 0: a free one at every start
    web_idle_minutes: int = 15  # the service ends the page when none was open for so long
    nightly_hour: int = 3  # local time of the nightly comparison and backup, 0..23


RANGES = {
    "workers": (0, 256),
    "index_side": (256, 20_000),
    "max_megapixels": (1, 10_000),
    "watch_quiet_seconds": (0, 86_400),
    "watch_network_quiet_seconds": (0, 86_400),
    "watch_poll_minutes": (1, 10_080),
    "worker_idle_seconds": (0, 86_400),
    "worker_timeout_seconds": (10, 604_800),
    "worker_memory_mb": (0, 10_000_000),
    "web_port": (0, 65_535),
    "web_idle_minutes": (1, 10_080),
    "nightly_hour": (0, 23),
}
"""From and to, both included; docs/settings.md."""


def load_settings(home: Path | None, env: Mapping[str, str]) -> Settings:
    """Read `config.toml` of the chosen home. Raises UsageError for unknown keys or wrong types, naming the file."""
    folders = find_folders(home, env)
    settings = Settings(folders)
    if folders.config_file.exists() and not folders.config_file.is_file():  # a pipe would keep its reader for ever
        raise UsageError(f"cannot read {folders.config_file}: it is no file")
    try:
        raw = tomllib.loads(folders.config_file.read_text("utf-8"))
    except FileNotFoundError:
        return settings
    except RecursionError as e:
        raise UsageError(f"cannot read {folders.config_file}: it is nested too deeply") from e
    except (OSError, ValueError) as e:
        raise UsageError(f"cannot read {folders.config_file}: {e}") from e
    return _apply(settings, raw, folders.config_file)


def find_folders(home: Path | None, env: Mapping[str, str]) -> Folders:
    """`home` wins over `ICONFACE_HOME`; without either, the platform's own folders."""
    if home is None and env.get("ICONFACE_HOME"):
        home = Path(env["ICONFACE_HOME"])
    if home is not None:
        home = absolute(home)
        return Folders(home / "data", home / "cache", home / "config", home / "state", home / "restored")
    dirs = PlatformDirs("iconface", appauthor=False)
    return Folders(
        dirs.user_data_path,
        dirs.user_cache_path,
        dirs.user_config_path,
        dirs.user_state_path,
        user_pictures_path() / "Restored by iconface",
    )


def _apply(settings: Settings, raw: Mapping[str, Any], source: Path) -> Settings:
    changes: dict[str, Any] = {}
    for key, value in raw.items():
        if key == "restored":
            folders = replace(settings.folders, restored=_folder(value, source))
            settings = replace(settings, folders=folders)
            continue
        current = getattr(settings, key, None)
        if current is None or key == "folders":
            raise UsageError(f"{source}: unknown setting {key!r} (docs/settings.md lists them)")
        if type(value) is not type(current):
            raise UsageError(f"{source}: {key} must be {type(current).__name__}, not {type(value).__name__}")
        least, most = RANGES.get(key, (value, value))
        if not least <= value <= most:
            raise UsageError(f"{source}: {key} must be from {least} to {most}, not {str(value)[:20]}")
        changes[key] = value
    return replace(settings, **changes)


def _folder(value: Any, source: Path) -> Path:
    """Relative ones would be others for every command: it depends on where somebody stands."""
    folder = Path(os.path.expanduser(value)) if isinstance(value, str) else Path()  # noqa: PTH111 - as in `absolute`
    if not folder.is_absolute() or "\0" in str(folder):
        raise UsageError(f"{source}: restored must be the whole path of a folder, not {value!r}")
    return folder
