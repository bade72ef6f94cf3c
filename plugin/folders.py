"""Where what the application writes lies: never inside the photo library. Light: a list of people waits for it."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import PlatformDirs, user_pictures_path

from .paths import absolute

if TYPE_CHECKING:
    from gallery_db.database.address import Server


@dataclass(frozen=True, slots=True)
class Folders:
    """Where state lives. `home` is set when one folder holds everything (`--home`, `ICONFACE_HOME`)."""

    data: Path
    cache: Path
    config: Path
    state: Path
    restored: Path
    server: str | None = None  # the address of the database, when it is not a file
    machine: str | None = None  # what this machine is called there; None: as its host
    mounts: Mapping[str, str] = field(
        default_factory=dict, hash=False
    )  # folders of the library: path there -> path here

    @property
    def database(self) -> Path:
        """The file; none where there is a server."""
        return self.data / "gallery.db"

    @property
    def gallery(self) -> "Path | Server":
        """What `Gallery.open` takes. Raises GalleryError for what is no address."""
        if self.server is None:
            return self.database
        from gallery_db.database.address import Server  # a right-click does not wait for storage

        return Server(self.server, self.data, self.machine_name, self.mounts)

    @property
    def machine_name(self) -> str:
        """What this machine is called by those that share the gallery."""
        return self.machine or socket.gethostname()

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
    def uploads(self) -> Path:
        """Photos from outside the library that were handed over to be restored."""
        return self.data / "uploads"

    @property
    def phones(self) -> Path:
        """Which phones were paired, and the certificates that they are shown."""
        return self.data / "phones"

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


def find_folders(home: Path | None, env: Mapping[str, str]) -> Folders:
    """`home` wins over `ICONFACE_HOME`; without either, the platform's own folders. The database of
    `ICONFACE_DATABASE` wins over that of the settings."""
    server, machine = env.get("ICONFACE_DATABASE") or None, env.get("ICONFACE_MACHINE") or None
    if home is None and env.get("ICONFACE_HOME"):
        home = Path(env["ICONFACE_HOME"])
    if home is not None:
        home = absolute(home)
        return Folders(
            home / "data", home / "cache", home / "config", home / "state", home / "restored", server, machine
        )
    dirs = PlatformDirs("iconface", appauthor=False)
    return Folders(
        dirs.user_data_path,
        dirs.user_cache_path,
        dirs.user_config_path,
        dirs.user_state_path,
        user_pictures_path() / "Restored by iconface",
        server,
        machine,
    )
