"""A small server with the ways of Immich's API: what it remembers, what it lists, what it refuses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "a-key"
ME = "me"
Row = dict[str, Any]


class ImmichStandIn:
    """`people`, `assets` and `faces` by id; `writes` are the requests that changed something. As in Immich, people
    without a face are in no list but found by name."""

    def __init__(self) -> None:
        self.people: dict[str, Row] = {}
        self.assets: dict[str, Row] = {}
        self.faces: dict[str, Row] = {}
        self.writes: list[tuple[str, str]] = []
        self.refuses: set[str] = set()  # assets to which no face can be added
        self._ids = count(1)

    def person(self, name: str, **more: object) -> str:
        return self._keep(self.people, {"name": name, "isHidden": False, **more})

    def asset(self, path: str, size: int, **more: object) -> str:
        row = {"originalPath": path, "ownerId": ME, "exifInfo": {"fileSizeInByte": size}, "isEdited": False, **more}
        return self._keep(self.assets, row)

    def face(self, asset_id: str, box: tuple[int, int, int, int], size: tuple[int, int], person: str | None) -> str:
        """`box` is left, top, right and bottom."""
        corners = dict(zip(("X1", "Y1", "X2", "Y2"), box, strict=True))
        row: Row = {f"boundingBox{k}": v for k, v in corners.items()}
        row |= {"imageWidth": size[0], "imageHeight": size[1], "assetId": asset_id, "personId": person}
        return self._keep(self.faces, row)

    def names_in(self, asset_id: str) -> list[str | None]:
        """Who the faces of a photo are."""
        some = [f["personId"] for f in self.faces.values() if f["assetId"] == asset_id]
        return [None if p is None else self.people[p]["name"] for p in some]

    def answer(self, method: str, url: str, body: Row) -> tuple[int, object]:
        """Status and what is sent."""
        at, asked = urlsplit(url).path, {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        known = [p for p in self.people.values() if any(f["personId"] == p["id"] for f in self.faces.values())]
        match method, at.split("/")[2:]:
            case "GET", ["users", "me"]:
                return 200, {"id": ME}
            case "GET", ["people"]:
                return 200, {"people": known, "hasNextPage": False}
            case "GET", ["search", "person"]:
                return 200, [p for p in self.people.values() if p["name"][:1] == asked["name"][:1]]
            case "POST", ["search", "metadata"]:
                return 200, {"assets": {"items": list(self.assets.values()), "nextPage": None}}
            case "GET", ["faces"]:
                mine = [f for f in self.faces.values() if f["assetId"] == asked["id"]]
                return 200, [{**f, "person": self.people.get(f["personId"] or "")} for f in mine]
        self.writes.append((method, at))
        match method, at.split("/")[2:]:
            case "POST", ["people"]:
                return 201, self.people[self.person(body["name"])]
            case "PUT", ["faces", person_id]:
                self.faces[body["id"]]["personId"] = self.people[person_id]["id"]
                return 200, self.people[person_id]
            case "POST", ["faces"] if body["assetId"] not in self.refuses:
                x, y, w, h = (body[k] for k in ("x", "y", "width", "height"))
                size = body["imageWidth"], body["imageHeight"]
                self.face(body["assetId"], (x, y, x + w, y + h), size, body["personId"])
                return 201, None  # Immich answers with nothing here
        return 400, {"message": "Bad Request"}

    def _keep(self, rows: dict[str, Row], row: Row) -> str:
        row["id"] = f"{next(self._ids):08}"
        rows[row["id"]] = row
        return str(row["id"])


@contextmanager
def immich_server(state: ImmichStandIn) -> Iterator[str]:
    """Its address, for as long as it runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

        def reply(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
            status, what = state.answer(self.command, self.path, body)
            if self.headers["x-api-key"] != KEY:
                status, what = 401, {"message": "Invalid API key"}
            data = b"" if what is None else json.dumps(what).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = reply  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
