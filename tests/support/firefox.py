"""The site in Firefox, by hand: every page at three widths, light and dark, with what is wrong there.

    python -m tests.support.firefox --home DIR --out DIR

Firefox is asked over WebDriver BiDi, which it speaks itself: no geckodriver is needed. Looks only; prints what axe-core
finds, what sticks out and what the console says, and leaves a picture of each page in `--out`. Not part of the tests.
"""

import argparse
import base64
import itertools
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

from plugin.app import build_app
from plugin.settings import load_settings
from plugin.web.server.running import address
from tests.plugin.web.browser.accessibility import AXE, RULES
from tests.plugin.web.browser.chromium import TOO_WIDE
from tests.plugin.web.real_server import in_thread

WIDTHS = ((390, 844), (1440, 900), (2560, 1440))
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PATHS = ("/people", "/people?tab=nobody", "/map", "/review", "/history", "/statistics", "/restorations", "/cleanup",
         "/uploads", "/phones", "/jobs", "/library", "/library/add", "/welcome", "/people/999999")  # fmt: skip
LOUDEST = 3
"""So many findings of a page are printed."""


class Firefox:
    """One tab. Every command raises RuntimeError with what Firefox said against it."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(f"{url}/session", timeout=120, suppress_origin=True)
        self._numbers, self.errors = itertools.count(1), list[str]()
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        self._tab = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer: dict[str, Any] = json.loads(self._socket.recv())
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                self.errors.append(str(answer["params"]["text"]))
            if answer.get("id") == number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['message']}")
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, url: str) -> None:
        self._ask("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def look(self, width: int, height: int) -> None:
        self._ask("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})

    def run(self, function: str) -> Any:
        """What an async JavaScript function returns, as JSON."""
        target = {"context": self._tab}
        call = f"async () => JSON.stringify(await ({function})())"
        found = self._ask("script.callFunction", functionDeclaration=call, awaitPromise=True, target=target)
        if found["type"] == "exception":
            raise RuntimeError(found["exceptionDetails"]["text"])
        return json.loads(found["result"].get("value", "null"))

    def shot(self, path: Path, width: int) -> None:
        """Down to 4,000 pixels: in a window as high as that, because what is out of sight is not laid out."""
        self.look(width, min(self.run("() => document.scrollingElement.scrollHeight"), 4_000))
        self.run(AT_REST)
        taken = self._ask("browsingContext.captureScreenshot", context=self._tab, origin="viewport")
        path.write_bytes(base64.b64decode(taken["data"]))

    def wrong(self) -> list[str]:
        """What sticks out, what axe-core finds, and errors of the console since the last call."""
        self.run(AT_REST)
        out = [f"too wide: {line}" for line in self.run(f"() => {{ {TOO_WIDE} }}")]
        out += self.run(f"async () => {{ {AXE.read_text('utf-8')}\n return {FINDINGS % json.dumps(RULES)}; }}")
        out += [f"console: {e}" for e in self.errors]
        self.errors.clear()
        return out


AT_REST = """async () => {
  const under = () => document.querySelector('.htmx-request') || [...document.images].some(
    i => !i.complete && i.getBoundingClientRect().top < innerHeight && i.getBoundingClientRect().bottom > 0);
  for (let n = 0; n < 100 && under(); n++) await new Promise(r => setTimeout(r, 100));
}"""
FINDINGS = """(await axe.run(document, {resultTypes: ['violations'], runOnly: %s})).violations.flatMap(
  v => v.nodes.map(n => `${v.id}: ${n.target} ${n.failureSummary}`))"""


@contextmanager
def firefox(program: str, *, dark: bool) -> Iterator[Firefox]:
    """A headless Firefox with a new profile, which asks nobody but the site."""
    with tempfile.TemporaryDirectory() as profile:
        prefs = {"ui.systemUsesDarkTheme": int(dark), "ui.prefersReducedMotion": 1, "network.proxy.type": 0,
                 "browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled": False,
                 "app.update.disabledForTesting": True, "network.captive-portal-service.enabled": False,
                 "network.connectivity-service.enabled": False, "services.settings.server": ""}  # fmt: skip
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in prefs.items()]
        (Path(profile) / "user.js").write_text("\n".join(lines))
        command = [program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            found = next((m for line in process.stderr if (m := LISTENING.search(line))), None)
            if found is None:
                raise RuntimeError(f"{program} does not speak WebDriver BiDi")
            yield Firefox(found[1])
        finally:
            process.terminate()
            process.wait(30)


def look_around(home: Path, out: Path, program: str, paths: Sequence[str]) -> int:
    """How much is wrong in all pages of the gallery at `home`; it is printed, pictures go to `out`."""
    out.mkdir(parents=True, exist_ok=True)
    app, wrong = build_app(load_settings(home, {})), 0
    try:
        with in_thread(app) as web:
            for dark in (False, True):
                with firefox(program, dark=dark) as browser:
                    browser.open(address(web.port, web.sessions.ticket()))
                    for path, size in itertools.product(paths, WIDTHS):
                        browser.look(*size)
                        browser.open(f"http://127.0.0.1:{web.port}{path}")
                        found = browser.wrong()
                        name = re.sub(r"\W+", "-", path).strip("-")
                        browser.shot(out / f"{name}-{size[0]}-{'dark' if dark else 'light'}.png", size[0])
                        print(f"{path} {size[0]} {'dark' if dark else 'light'}: {len(found)}", *found[:LOUDEST],
                              sep="\n  ", flush=True)  # fmt: skip
                        wrong += len(found)
    finally:
        app.close()
    return wrong


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--home", type=Path, required=True)
    ask.add_argument("--out", type=Path, required=True)
    ask.add_argument("--firefox", default=shutil.which("firefox-esr") or "firefox")
    ask.add_argument("paths", nargs="*", help="pages; all of PATHS without any")
    chosen = ask.parse_args()
    return min(look_around(chosen.home, chosen.out, chosen.firefox, chosen.paths or PATHS), 1)


if __name__ == "__main__":
    raise SystemExit(main())
