"""A page behind a reverse proxy: its settings, what the proxy says, and a small real one."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from plugin.web.context import Web
from plugin.web.site import make_site

ORIGIN = "https://photos.example.org"
SECRET = "0123456789abcdef" * 4
PROXY = ("127.0.0.1", 40_000)


def settings(home: Path, **more: str) -> None:
    """Let a proxy on this machine log people in."""
    secret = home / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    said = {"trusted_proxy": PROXY[0], "proxy_secret_file": str(secret), "web_address": ORIGIN} | more
    (home / "config").mkdir(exist_ok=True)
    with (home / "config" / "config.toml").open("a") as file:
        file.writelines(f"{key} = {json.dumps(value)}\n" for key, value in said.items())


def as_the_proxy_says(name: str) -> Mapping[bytes, bytes]:
    """Headers of a request of somebody who clicks on a page of ours."""
    said = {"X-Forwarded-User": name, "X-Iconface-Secret": SECRET, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    return {key.encode(): value.encode() for key, value in said.items()}


@contextmanager
def browser(web: Web, name: str, client: tuple[str, int] = PROXY) -> Iterator[TestClient]:
    """Of somebody whom the proxy has logged in."""
    with TestClient(make_site(web), base_url=ORIGIN, client=client, follow_redirects=False) as opened:
        opened.headers.update(as_the_proxy_says(name))
        yield opened


@contextmanager
def proxy(port: int) -> Iterator[int]:
    """A proxy in a process of its own in front of the page on `port`; gives its own. Whoever logs in by HTTP's basic
    authentication is believed, whatever the password."""
    line = [sys.executable, "-c", _PROXY, str(port), SECRET, ORIGIN]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


_PROXY = """
import base64, http.client, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
port, secret, origin = int(sys.argv[1]), sys.argv[2], sys.argv[3]
class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    def answer(self):
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            self.send_response(401); self.send_header("WWW-Authenticate", "Basic"); self.end_headers(); return
        user = base64.b64decode(given).decode().partition(":")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        there = http.client.HTTPConnection("127.0.0.1", port)
        there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        dropped = ("host", "connection", "authorization", "x-forwarded-user", "x-iconface-secret", "origin")
        for name, value in self.headers.items():
            if name.lower() not in dropped:
                there.putheader(name, value)
        here = "http://" + self.headers.get("Host", "")
        if "Origin" in self.headers:  # this proxy has no TLS, and no name: for the browser's own origin, the page's
            there.putheader("Origin", origin if self.headers["Origin"] == here else self.headers["Origin"])
        there.putheader("Host", origin.partition("//")[2])
        there.putheader("X-Forwarded-User", user.encode())
        there.putheader("X-Iconface-Secret", secret)
        there.putheader("Connection", "close")
        there.endheaders(body)
        got = there.getresponse()
        self.send_response(got.status)
        for name, value in got.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "date"):
                self.send_header(name, value)
        self.end_headers()
        try:
            while piece := got.read1(65536):
                self.wfile.write(piece); self.wfile.flush()
        except OSError: pass  # the browser has left
    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = answer
    def log_message(self, *args): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
print(server.server_port, flush=True)
server.serve_forever()
"""
