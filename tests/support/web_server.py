"""A web server on this machine that serves one file, as badly as a test asks for."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves `data` under every path but `/moved`, which leads to `moved_to`. `status` is answered instead of 200.
    `cut` closes the connection after so many bytes, `piece_s` is waited for after each 64 kB, without `ranges` all of
    it is always sent. `asked` are the Range headers that came."""

    daemon_threads = True

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.data, self.status, self.cut, self.piece_s, self.ranges = data, 200, len(data) + 1, 0.0, True
        self.moved_to = ""
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/tiny.onnx"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and server.ranges else 0  # type: ignore[index]
        status = server.status
        if self.path == "/moved":
            status = 302
        elif status == 200 and start:
            status = 206 if start < len(server.data) else 416
        body = server.data[start:] if status in (200, 206) else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", server.moved_to)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(server.data) - 1}/{len(server.data)}")
        self.end_headers()
        sent = 0
        while sent < len(body) and start + sent < server.cut:
            piece = body[sent : sent + min(65_536, server.cut - start - sent)]
            try:
                self.wfile.write(piece)
            except ConnectionError:  # who asked has left
                return
            sent += len(piece)
            time.sleep(server.piece_s)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving(data: bytes) -> Iterator[FileServer]:
    with FileServer(data) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
