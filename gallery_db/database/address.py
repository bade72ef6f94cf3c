"""Where a gallery is, when it is not a file. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from gallery_db.errors import GalleryError

SCHEMES = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Server:
    """A database on a PostgreSQL server.

    `url` is what libpq understands: postgresql://USER@HOST:PORT/DATABASE?OPTION=VALUE. What it leaves out comes from
    libpq's own places: PGPASSWORD and its like, ~/.pgpass, a service file. `folder` is on this machine, for index files
    and backups; several machines at one database have one each. `machine` is what this one is called there, and
    `mounts` are folders of the library that it sees elsewhere: the library's path -> the path here.
    """

    url: str
    folder: Path
    machine: str | None = None
    mounts: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            known = parts.scheme in SCHEMES and (parts.port or 1) > 0
        except ValueError:
            known = False
        if not known or not self.name:  # it is not repeated: who knows where in it a password is
            raise GalleryError("the address of a database looks like postgresql://USER@HOST/DATABASE")

    @property
    def name(self) -> str:
        """The database's name on its server."""
        parts = urlsplit(self.url)
        return parts.path.removeprefix("/") or dict(parse_qsl(parts.query)).get("service", "")

    @property
    def password(self) -> str | None:
        """As far as the address has one."""
        parts = urlsplit(self.url)
        return dict(parse_qsl(parts.query)).get("password") or (unquote(parts.password) if parts.password else None)

    @property
    def shown(self) -> str:
        """The address without its password: what messages and logs may hold."""
        head, _, rest = self.url.partition("://")
        userinfo, at, place = rest.rpartition("@")
        user = userinfo.partition(":")[0]
        place, _, query = place.partition("?")
        asked = urlencode([(k, v) for k, v in parse_qsl(query) if k != "password"], quote_via=quote, safe="/")
        return f"{head}://{user}{at}{place}{'?' if asked else ''}{asked}"

    def __repr__(self) -> str:
        return f"Server({self.shown!r})"


def is_server(text: str) -> bool:
    """Is this the address of a server, and not a path?"""
    return text.partition("://")[0] in SCHEMES and "://" in text
