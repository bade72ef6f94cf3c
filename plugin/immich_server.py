"""An Immich server, by its API: names and places of faces are all that is asked and told."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from .errors import AppError, UsageError

KEY = "IMMICH_API_KEY"
"""The environment variable with the key: on a command line, others could read it."""

_PAGE = 250
_MOST_PAGES = 100_000
_MOST_BYTES = 50_000_000
_TIMEOUT_S = 60.0
Row = dict[str, Any]


class ServerError(AppError):
    """The server cannot be reached, refuses the key, or answers otherwise than Immich does."""


class RefusedError(ServerError):
    """The server is there, and does not do this one thing."""


def check_access(address: str, key: str) -> None:
    """Raises UsageError for what is no address, and without a key."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{address!r} is no address of a server: http://HOST:2283")
    if not key.isascii() or not key.isprintable() or not key:
        raise UsageError(f"put a key of Immich (account settings, API keys) into the environment: {KEY}=...")


class ImmichServer:
    """One connection, kept open. Nothing is sent to any other server: redirects and proxies are not followed.

    `address` is http:// or https://, as in the browser. All methods raise ServerError."""

    def __init__(self, address: str, key: str) -> None:
        parts = urlsplit(address)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
        self._address, self._base = address, parts.path.rstrip("/").removesuffix("/api")
        self._headers = {"x-api-key": key, "Accept": "application/json", "Content-Type": "application/json"}

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def user_id(self) -> str:
        """Whose key it is."""
        return _id(self._object("GET", "/api/users/me"), self._address)

    def people(self) -> Iterator[Row]:
        """Those with a name, hidden ones too."""
        for page in range(1, _MOST_PAGES):
            answer = self._object("GET", f"/api/people?withHidden=true&size={_PAGE}&page={page}")
            yield from (p for p in _rows(answer, "people") if p.get("id") and name_of(p))
            if not answer.get("hasNextPage"):
                return

    def people_like(self, name: str) -> list[Row]:
        """Those whose name is like this one, also without a face, which `people` leaves out."""
        found = self._ask("GET", f"/api/search/person?withHidden=true&name={quote(name, safe='')}")
        return [p for p in _rows({"people": found}, "people") if p.get("id")]

    def assets(self, person_id: str | None = None) -> Iterator[Row]:
        """Photos: of a person, or all that the key shows."""
        wanted: Row = {"type": "IMAGE", "withExif": True, "size": _PAGE}
        if person_id is not None:
            wanted["personIds"] = [person_id]
        page = 1
        for _ in range(_MOST_PAGES):
            answer = self._object("POST", "/api/search/metadata", {**wanted, "page": page})
            assets = answer.get("assets")
            assets = assets if isinstance(assets, dict) else {}
            yield from (a for a in _rows(assets, "items") if a.get("id"))
            following = str(assets.get("nextPage") or "")
            if not following.isdecimal() or int(following) <= page:
                return
            page = int(following)

    def faces_of(self, asset_id: str) -> list[Row]:
        """The faces of a photo."""
        return _rows({"faces": self._ask("GET", f"/api/faces?id={quote(str(asset_id), safe='')}")}, "faces")

    def create_person(self, name: str) -> str:
        """The id of somebody new."""
        return _id(self._object("POST", "/api/people", {"name": name}), self._address)

    def assign_face(self, face_id: str, person_id: str) -> None:
        """Say that a face which the server found is this person."""
        self._ask("PUT", f"/api/faces/{quote(person_id, safe='')}", {"id": face_id})

    def create_face(self, asset_id: str, person_id: str, size: tuple[int, int], box: tuple[int, int, int, int]) -> None:
        """Say that this person is in a photo, at a place where the server found nobody. `size` is width and height of
        the upright photo, `box` left, top, width and height in it."""
        x, y, width, height = box
        place = {"imageWidth": size[0], "imageHeight": size[1], "x": x, "y": y, "width": width, "height": height}
        self._ask("POST", "/api/faces", {"assetId": asset_id, "personId": person_id, **place})

    def _object(self, method: str, path: str, body: object = None) -> Row:
        answer = self._ask(method, path, body)
        if not isinstance(answer, dict):
            raise ServerError(f"{self._address} does not answer as Immich does ({path.partition('?')[0]})")
        return answer

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        where = path.partition("?")[0]
        try:
            data = None if body is None else json.dumps(body)
            self._connection.request(method, self._base + path, data, self._headers)
            response = self._connection.getresponse()
            text = response.read(_MOST_BYTES)
        except (OSError, HTTPException) as e:
            self._connection.close()  # the next question opens it again
            raise ServerError(f"{self._address} does not answer: {e or type(e).__name__}") from e
        if response.status in (401, 403):
            raise ServerError(
                f"{self._address} refuses the key in {KEY} for {method} {where}; docs/names.md says what it must allow"
            )
        if response.status in (400, 404, 409, 422) and method in ("PUT", "POST"):
            raise RefusedError(f"{self._address} refuses {method} {where}: {response.status} {response.reason}")
        if response.status not in (200, 201, 204):
            raise ServerError(f"{self._address} answers {where} with {response.status} {response.reason}")
        try:
            return json.loads(text) if text else None
        except (ValueError, RecursionError) as e:
            raise ServerError(f"{self._address} does not answer as Immich does ({where})") from e


def name_of(person: Row) -> str:
    """What a person is called there, "" for nobody."""
    return str(person.get("name") or "").strip()


def size_of(asset: Row) -> int | None:
    """Bytes of a photo's file, where they are known."""
    size = (asset.get("exifInfo") or {}).get("fileSizeInByte")
    return size if isinstance(size, int) else None


def box_of(face: Row) -> tuple[float, float, float, float] | None:
    """Left, top, width and height of a face as shares of the upright photo; it may reach out of it."""
    width, height = (_number(face.get(k)) for k in ("imageWidth", "imageHeight"))
    x1, y1, x2, y2 = (_number(face.get(f"boundingBox{k}")) for k in ("X1", "Y1", "X2", "Y2"))
    if width <= 0 or height <= 0:
        return None
    return x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _id(row: Row, address: str) -> str:
    if not isinstance(row.get("id"), str):
        raise ServerError(f"{address} does not answer as Immich does: no id")
    return str(row["id"])


def _rows(answer: Any, name: str) -> list[Row]:
    rows = answer.get(name) if isinstance(answer, dict) else None
    return [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []
