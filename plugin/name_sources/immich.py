"""People of an Immich server, by its API: asked for nothing but names and places, with a key that may be read-only."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from iconface_core.extensions.exchange import NamedFace, Standing, UnreadFile
from iconface_core.images.regions import clipped

from ..errors import AppError, UsageError
from .locating import Places, foreign

TITLE = "people of an Immich server"
KEY = "IMMICH_API_KEY"
"""The environment variable with the key: on a command line, others could read it."""

_PAGE = 250
_MOST_PAGES = 100_000
_MOST_BYTES = 50_000_000
_TIMEOUT_S = 60.0


class ServerError(AppError):
    """The server cannot be reached, refuses the key, or answers otherwise than Immich does."""


@dataclass(frozen=True, slots=True)
class Immich:
    """`address` is http:// or https://, as in the browser. Nothing is sent to any other server: redirects and proxies
    are not followed."""

    address: str
    key: str = field(repr=False)
    name: str = "immich"
    title: str = TITLE

    def __post_init__(self) -> None:
        """Raises UsageError for what is no address, and without a key."""
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{self.address!r} is no address of a server: http://HOST:2283")
        if not self.key.isascii() or not self.key.isprintable() or not self.key:
            raise UsageError(f"put a key of Immich (account settings, API keys) into the environment: {KEY}=...")

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`. Raises ServerError."""
        places = Places(photos)
        with closing(_Server(self.address, self.key)) as server:
            asked: set[str] = set()
            for person in server.people():
                for asset in server.assets_of(person):
                    if asset["id"] in asked:
                        continue
                    asked.add(asset["id"])
                    path = foreign(str(asset.get("originalPath") or asset.get("originalFileName") or asset["id"]))
                    photo = places.find(path, _size(asset))
                    if photo is None:
                        yield NamedFace(Path(path), person["name"])
                        continue
                    for face in server.faces_of(asset["id"]):
                        yield from _named(photo, face)


def _named(photo: Path, face: dict[str, Any]) -> Iterator[NamedFace]:
    person = face.get("person") or {}
    name = str(person.get("name") or "").strip()
    if not name:
        return
    width, height = (_number(face.get(k)) for k in ("imageWidth", "imageHeight"))
    x1, y1, x2, y2 = (_number(face.get(f"boundingBox{k}")) for k in ("X1", "Y1", "X2", "Y2"))
    region = None
    if width > 0 and height > 0:  # upright, whatever the file's orientation
        region = clipped((x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height))
    standing: Standing = "hidden" if person.get("isHidden") else "shown"
    yield NamedFace(photo, name, region, standing=standing)


def _size(asset: dict[str, Any]) -> int | None:
    size = (asset.get("exifInfo") or {}).get("fileSizeInByte")
    return size if isinstance(size, int) else None


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


class _Server:
    """The few questions that are asked. One connection, kept open."""

    def __init__(self, address: str, key: str) -> None:
        parts = urlsplit(address)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        self._address, self._base = address, parts.path.rstrip("/").removesuffix("/api")
        self._headers = {"x-api-key": key, "Accept": "application/json", "Content-Type": "application/json"}

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def people(self) -> Iterator[dict[str, Any]]:
        """Those with a name."""
        for page in range(1, _MOST_PAGES):
            answer = self._object("GET", f"/api/people?withHidden=true&size={_PAGE}&page={page}")
            yield from (p for p in _rows(answer, "people") if p.get("id") and str(p.get("name") or "").strip())
            if not answer.get("hasNextPage"):
                return

    def assets_of(self, person: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Photos of a person."""
        page = 1
        for _ in range(_MOST_PAGES):
            wanted = {"personIds": [person["id"]], "type": "IMAGE", "withExif": True, "size": _PAGE, "page": page}
            answer = self._object("POST", "/api/search/metadata", wanted)
            assets = answer.get("assets")
            assets = assets if isinstance(assets, dict) else {}
            yield from (a for a in _rows(assets, "items") if a.get("id"))
            following = str(assets.get("nextPage") or "")
            if not following.isdecimal() or int(following) <= page:
                return
            page = int(following)

    def faces_of(self, asset_id: str) -> list[dict[str, Any]]:
        """The faces of a photo."""
        return _rows({"faces": self._ask("GET", f"/api/faces?id={quote(str(asset_id))}")}, "faces")

    def _object(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self._ask(method, path, body)
        if not isinstance(answer, dict):
            raise ServerError(f"{self._address} does not answer as Immich does ({path.partition('?')[0]})")
        return answer

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        """Raises ServerError."""
        try:
            data = None if body is None else json.dumps(body)
            self._connection.request(method, self._base + path, data, self._headers)
            response = self._connection.getresponse()
            text = response.read(_MOST_BYTES)
        except (OSError, HTTPException) as e:
            raise ServerError(f"{self._address} does not answer: {e or type(e).__name__}") from e
        if response.status in (401, 403):
            raise ServerError(
                f"{self._address} refuses the key in {KEY}; it must allow to read people, faces and assets"
            )
        if response.status not in (200, 201):
            raise ServerError(
                f"{self._address} answers {path.partition('?')[0]} with {response.status} {response.reason}"
            )
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as e:
            raise ServerError(f"{self._address} does not answer as Immich does ({path.partition('?')[0]})") from e


def _rows(answer: Any, name: str) -> list[dict[str, Any]]:
    rows = answer.get(name) if isinstance(answer, dict) else None
    return [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []
