"""Immich over a real connection: a server here that answers as Immich does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from iconface_core.extensions.exchange import NamedFace
from plugin.errors import UsageError
from plugin.immich_server import ServerError
from plugin.name_sources.immich import Immich
from plugin.name_sources.registry import open_source
from tests.support.narrow import present
from tests.support.xmp_people import jpeg

KEY = "read-only"
ANNA = {"id": "p1", "name": "Anna", "isHidden": False}
BEN = {"id": "p2", "name": "Ben", "isHidden": True}


def face(person: object, x: int) -> dict[str, Any]:
    box = {"boundingBoxX1": x, "boundingBoxY1": 20, "boundingBoxX2": x + 20, "boundingBoxY2": 50}
    return {"id": f"f{x}", "imageWidth": 200, "imageHeight": 100, "person": person, **box}


class Server(BaseHTTPRequestHandler):
    """Two pages of people and of photos, as small as they can be."""

    protocol_version = "HTTP/1.1"
    size = 0
    seen: tuple[tuple[str, str], ...] = ()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        at, asked = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
        if at.path == "/photos/api/people":
            second = asked["page"] == ["2"]
            self.answer({"people": [BEN if second else ANNA, {"id": "p3", "name": ""}], "hasNextPage": not second})
        elif at.path == "/photos/api/faces":
            self.answer([face(ANNA, 20), face(BEN, 120), face(None, 160), {"person": ANNA}])
        elif at.path.startswith("/moved"):
            self.answer({}, 302)
        else:
            self.answer("not found", 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        here = {"id": "a1", "originalPath": "/data/trip/a.jpg", "exifInfo": {"fileSizeInByte": type(self).size}}
        gone = {"id": "a2", "originalPath": "/data/trip/gone.jpg", "exifInfo": None}
        first = body["page"] == 1 and body["personIds"] == ["p1"]
        self.answer({"assets": {"items": [here if first else gone], "nextPage": "2" if first else None}})

    def answer(self, what: object, status: int = 200) -> None:
        if self.headers["x-api-key"] != KEY:
            what, status = {"message": "Invalid API key"}, 401
        type(self).seen += ((self.command, self.path),)
        data = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Location", "http://192.0.2.1/elsewhere")
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def immich(size: int = 0) -> Iterator[tuple[str, type[Server]]]:
    handler = type("Once", (Server,), {"size": size, "seen": ()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()


def test_people_and_places_come_from_the_server(tmp_path: Path):
    photo = jpeg(tmp_path / "trip" / "a.jpg", size=(40, 20))
    with immich(photo.stat().st_size) as (address, server):
        found = [n for n in Immich(f"{address}/photos/", KEY).read([photo]) if isinstance(n, NamedFace)]
    anna, ben, nowhere, gone = found
    assert (anna.photo, anna.name, anna.standing, ben.standing) == (photo, "Anna", "shown", "hidden")
    assert pytest.approx(present(anna.region)) == (0.1, 0.2, 0.1, 0.3)
    assert (nowhere.name, nowhere.region, gone.photo.name) == ("Anna", None, "gone.jpg")
    assert {method for method, path in server.seen if path != "/photos/api/search/metadata"} == {"GET"}
    assert len([path for _, path in server.seen if "faces" in path]) == 1  # photos that are here, each once


def test_what_goes_wrong_is_told_with_the_way_out_and_never_the_key(tmp_path: Path):
    with immich() as (address, _):
        with pytest.raises(ServerError, match="refuses the key in IMMICH_API_KEY") as refused:
            list(Immich(f"{address}/photos", "wrong-key").read([]))
        assert "wrong-key" not in str(refused.value)
        with pytest.raises(ServerError, match="404"):
            list(Immich(address, KEY).read([]))
        with pytest.raises(ServerError, match="302"):  # the key goes nowhere else
            list(Immich(f"{address}/moved", KEY).read([]))
    with pytest.raises(ServerError, match="does not answer"):
        list(Immich(address, KEY).read([]))
    assert "secret" not in repr(Immich(address, "secret"))


@pytest.mark.parametrize("address", ["", "photos.example", "ftp://photos.example", "http://"])
def test_an_address_and_a_key_are_needed(address: str):
    with pytest.raises(UsageError, match="no address"):
        open_source("immich", address, {"IMMICH_API_KEY": KEY})
    with pytest.raises(UsageError, match="IMMICH_API_KEY"):
        open_source("immich", "http://photos.example", {})
    with pytest.raises(UsageError, match="IMMICH_API_KEY"):
        open_source("immich", "http://photos.example", {"IMMICH_API_KEY": "a\r\nb"})
