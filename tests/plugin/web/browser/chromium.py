"""A headless Chromium that sees one site and nothing else, and tells what went wrong in it."""

import base64
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")

ARTEFACTS = Path(__file__).resolve().parents[4] / "test-artefacts" / "screenshots"
PATIENCE_S = 20.0
"""For hanging pages only: nothing here asserts how fast a page is."""
PHONE, DESKTOP, WALL = (390, 844), (1440, 900), (3840, 2160)
LIGHT, DARK = "light", "dark"


def lacking() -> list[str]:
    """Programs that are needed and not installed."""
    return [p for p in ("chromium", "chromedriver") if not shutil.which(p)]


def start(profile: Path, *, host: str = "127.0.0.1", pin: str = "") -> webdriver.Chrome:
    """Chromium with a new profile in `profile`; whatever is not `host` has no address. `pin`: SHA-256 (base64) of the
    one public key that it trusts without an authority."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--no-first-run",
        "--lang=en",
        f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {host}",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(flag)
    if pin:
        options.add_argument(f"--ignore-certificate-errors-spki-list={pin}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": True, "enablePage": False})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_script_timeout(60)
    return driver


class Browser:
    """What a person does with the site at `base`, in words: open, click, type, press, see."""

    def __init__(self, driver: webdriver.Chrome, base: str) -> None:
        self.driver, self.base = driver, base
        self._expected: list[str] = []

    # where

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)

    @property
    def path(self) -> str:
        return urlsplit(self.driver.current_url).path

    def look(self, size: tuple[int, int] = DESKTOP, theme: str = LIGHT) -> None:
        """Change the window and what the system asks for. Chromium's own windows cannot be as narrow as a phone."""
        self._size(*size)
        features = [
            {"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self._cdp("Emulation.setEmulatedMedia", {"features": features})
        self._cdp("Emulation.setScrollbarsHidden", {"hidden": True})

    def _size(self, width: int, height: int) -> None:
        values = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._cdp("Emulation.setDeviceMetricsOverride", values)

    @contextmanager
    def speaking(self, language: str) -> Iterator[None]:
        """As somebody whose browser is set to this language."""
        self._cdp("Network.enable")
        self._cdp("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": language}})
        try:
            yield
        finally:
            self._cdp("Network.setExtraHTTPHeaders", {"headers": {}})

    # what is there

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str, text: str = "") -> WebElement:
        """The first visible element of that kind that contains the text, as soon as it is there."""

        return self.until(lambda: self._find(css, text), f"{css} {text!r}")

    def _find(self, css: str, text: str) -> WebElement | None:
        found: WebElement | None = self.driver.execute_script(FIND, css, text)
        return found

    def sees(self, pattern: str) -> bool:
        return re.search(pattern, self.driver.execute_script("return document.body.innerText")) is not None

    def until(self, look: Callable[[], T | None], what: str, seconds: float = PATIENCE_S) -> T:
        """What `look` finds; it is asked again while pages change under it."""
        end, pause = time.monotonic() + seconds, 0.02
        while True:
            try:
                if found := look():
                    return found
            except WebDriverException:  # it was replaced, or something lies above it for a moment
                pass
            if time.monotonic() > end:
                shot = self.shot("failed", whole=False)
                raise AssertionError(f"not there after {seconds:.0f} s: {what}; {self.driver.current_url}; see {shot}")
            time.sleep(pause)
            pause = min(1.3 * pause, 0.5)  # what takes long is done on the same cores

    def until_sees(self, pattern: str, seconds: float = PATIENCE_S) -> None:
        self.until(lambda: self.sees(pattern), f"text like {pattern!r}", seconds)

    # what is done

    def click(self, css: str, text: str = "", seconds: float = PATIENCE_S) -> None:
        """With the mouse, as soon as it is there. A swap may replace it between finding and clicking it."""

        def click() -> bool:
            element = self._find(css, text)
            if element is None:
                return False
            self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
            element.click()
            return True

        self.until(click, f"{css} {text!r}, to be clicked", seconds)

    def fill(self, css: str, text: str) -> WebElement:
        field = self.one(css)
        field.clear()
        field.send_keys(text)
        return field

    def press(self, *keys: str) -> None:
        """Keys for whatever has the focus."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def drag(self, on: WebElement, start: tuple[float, float], end: tuple[float, float]) -> None:
        """With the mouse held down, between two points given as fractions of the element."""
        w, h = on.rect["width"], on.rect["height"]
        (x1, y1), (x2, y2) = (((x - 0.5) * w, (y - 0.5) * h) for x, y in (start, end))
        mouse = ActionChains(self.driver, duration=50)
        mouse.move_to_element_with_offset(on, int(x1), int(y1)).click_and_hold()
        mouse.move_by_offset(int((x2 - x1) / 2), int((y2 - y1) / 2)).move_by_offset(
            int(x2 - x1) - int((x2 - x1) / 2), int(y2 - y1) - int((y2 - y1) / 2)
        )
        mouse.release().perform()

    def fall_asleep(self) -> None:
        """The stream of changes ends, as it does for a laptop that sleeps: the page goes on showing what it showed."""
        self.driver.execute_script("dispatchEvent(new Event('pagehide'))")

    def focused(self) -> WebElement:
        return self.driver.switch_to.active_element

    @contextmanager
    def second_tab(self) -> Iterator[None]:
        """A tab beside the first, at the same place; back to the first afterwards."""
        first, url = self.driver.current_window_handle, self.driver.current_url
        self.driver.switch_to.new_window("tab")
        self.driver.get(url)
        try:
            yield
        finally:
            self.driver.close()
            self.driver.switch_to.window(first)

    @contextmanager
    def without_scripts(self) -> Iterator[None]:
        """Pages opened meanwhile run no JavaScript of theirs."""
        self._cdp("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            yield
        finally:
            self._cdp("Emulation.setScriptExecutionDisabled", {"value": False})

    # what it looks like

    def settle(self) -> None:
        """Until no request of htmx is under way, every picture in sight is there, and all of it is drawn."""
        self.until(lambda: self.driver.execute_script(SETTLED), "a page that is at rest")
        self.driver.execute_async_script(DRAWN)

    def shot(self, name: str, *, whole: bool = True) -> Path:
        """A picture of the page among the artefacts: all of it down to four screens, or what the window shows."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        window = self.driver.execute_script("return [innerWidth, innerHeight]")
        high = window[1]
        for _ in range(2 * whole):  # in a window that is as high as the page: what is out of sight is not even laid out
            height = min(self.driver.execute_script("return document.scrollingElement.scrollHeight"), 4 * window[1])
            if height == high:
                break
            high = height
            self._size(window[0], high)
            self.settle()
        path = ARTEFACTS / f"{name}.png"
        path.write_bytes(base64.b64decode(self._cdp("Page.captureScreenshot", {"optimizeForSpeed": True})["data"]))
        self._size(*window)
        return path

    def too_wide(self) -> list[str]:
        """What makes the page scroll sideways; empty if nothing does."""
        found: list[str] = self.driver.execute_script(TOO_WIDE)
        return found

    # what went wrong

    def expect(self, pattern: str) -> None:
        """A console error that this test provokes."""
        self._expected.append(pattern)

    def trouble(self) -> list[str]:
        """Errors in the console since the last call (a violated content policy is one), and requests that left."""
        logs = [e for e in self._log("browser") if e["level"] == "SEVERE"]
        errors = [e["message"] for e in logs if not any(re.search(p, e["message"]) for p in self._expected)]
        self._expected.clear()
        return errors + [f"asked for {url}" for url in self._asked_for() if not self._is_ours(url)]

    def _asked_for(self) -> Iterator[str]:
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                yield message["params"].get("request", message["params"])["url"]

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        own = parts.hostname in ("127.0.0.1", urlsplit(self.base).hostname)
        return parts.scheme in ("data", "blob", "about", "chrome", "devtools") or own

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(kind)
        return entries

    def _cdp(self, command: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = self.driver.execute_cdp_cmd(command, values or {})
        return result

    def forget(self) -> None:
        """As a new profile: no cookie, nothing stored, one empty tab."""
        first, *others = self.driver.window_handles
        for handle in others:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(first)
        self._cdp("Network.clearBrowserCookies")
        if self.base:
            self._cdp("Storage.clearDataForOrigin", {"origin": self.base, "storageTypes": "all"})
        self.driver.get("about:blank")
        self._log("browser"), self._log("performance")


FIND = """
const [css, text] = arguments;
const seen = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true});
return [...document.querySelectorAll(css)].find(e => (e.innerText ?? '').includes(text) && seen(e)) ?? null;
"""
SETTLED = """
const inSight = i => {
  const b = i.getBoundingClientRect(); return b.bottom > 0 && b.top < innerHeight && b.width > 0; };
return document.readyState === 'complete' && !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')
  && [...document.images].every(i => i.complete || !inSight(i));
"""
DRAWN = "const [done] = arguments; requestAnimationFrame(() => requestAnimationFrame(() => done()));"
TOO_WIDE = """
const root = document.scrollingElement;
if (root.scrollWidth <= root.clientWidth) return [];
const clipped = e => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
  if (getComputedStyle(p).overflowX !== 'visible') return true; return false; };
const wide = [...document.body.querySelectorAll('*')]
  .filter(e => e.getBoundingClientRect().right > root.clientWidth + 1 && !clipped(e))
  .map(e => e.cloneNode(false).outerHTML.slice(0, 120) + ' to ' + Math.round(e.getBoundingClientRect().right));
return [`${root.scrollWidth} > ${root.clientWidth}`, ...wide.slice(0, 8)];
"""
