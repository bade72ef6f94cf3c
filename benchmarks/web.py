"""How fast the pages are in a gallery of 150,000 photos, 5,000 people and 200,000 faces: the real server, real HTTP.

    python -m benchmarks.web                     # makes the gallery in a temporary folder: about a minute
    python -m benchmarks.web --home DIR          # makes it there, or uses the one that is there
    python -m benchmarks.web --only jobs         # the pages whose name has "jobs", and no first paint

The gallery is made up (benchmarks/large_gallery.py, large_queue.py); no photo exists, so pictures are placeholders.
Every page is asked for one after the other by one client on loopback, in turn with the others, after two rounds of
warming up; the time is from the request to the last byte. CPU is that of the server's process, which does not depend on
what else the machine does. First paint is read from Chromium's own performance entries, with an empty cache, when
selenium and Chromium are there. Prints Markdown.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import numpy as np
import psutil

from benchmarks.large_gallery import Size, fill
from benchmarks.large_queue import live_in
from gallery_db import Gallery
from iconface_core.damage.sharpness import VERSION
from iconface_core.faces.sface_facts import DIM, SFACE_ID

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver  # optional: without it nothing is painted

ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/\S*")
HTMX = {"HX-Request": "true"}
LARGE, USUAL = 1, 2
"""The person with 2,000 faces and the one with 40."""

QUIET = (
    "headless=new",
    "no-sandbox",
    "disable-gpu",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "window-size=1280,900",
)
"""How Chromium is started: it asks for our pages only."""


@dataclass(frozen=True, slots=True)
class Page:
    """One address, asked for as a browser does or (`part`) as htmx does."""

    name: str
    url: str
    part: bool = False


def pages(client: httpx2.Client) -> list[Page]:
    """What is measured. Later pages are the ones that the first pages point to."""
    people, person = client.get("/people").text, client.get(f"/people/{LARGE}").text
    lives = _more(client.get("/statistics").text, "/statistics/lives")
    return [
        Page("people: first page", "/people"),
        Page("people: next page", _more(people, "/people/list"), part=True),
        Page("people: far page (3,000 people on)", "/people/list?after=1-31-3000", part=True),
        Page("people: search", "/people/list?q=emile%20m", part=True),
        Page("people: search without a hit", "/people/list?q=nobody", part=True),
        Page("people: hidden", "/people?tab=hidden"),
        Page("faces of nobody", "/people?tab=nobody"),
        Page("ignored", "/people?tab=ignored"),
        Page("person with 40 faces", f"/people/{USUAL}"),
        Page("person with 2,000 faces", f"/people/{LARGE}"),
        Page("person with 2,000 faces: next page", _more(person, f"/people/{LARGE}/faces"), part=True),
        Page("similar faces of 40", f"/people/{USUAL}/similar", part=True),
        Page("similar faces of 2,000", f"/people/{LARGE}/similar", part=True),
        Page("merge picker of 40", f"/people/{USUAL}/picker", part=True),
        Page("merge picker of 2,000", f"/people/{LARGE}/picker", part=True),
        Page("merge picker: search", f"/people/{LARGE}/picker?q=anna", part=True),
        Page("whose are these 3 faces", "/people/chosen/picker?faces=5,6,7&of=1&count=3", part=True),
        Page("best photos of 40", f"/people/{USUAL}/best", part=True),
        Page("best photos of 2,000", f"/people/{LARGE}/best", part=True),
        Page("through the years: decades", "/statistics"),
        Page("through the years: seen together", "/statistics/together", part=True),
        Page("through the years: first and last photos", lives, part=True),
        Page("through the years: the next people", _more(client.get(lives).text, "/statistics/lives"), part=True),
        Page("through the years: how much is unclear", "/statistics/clear", part=True),
        Page("map of likeness", "/map"),
        Page("review: first question", "/review"),
        Page("review: one kind", "/review?kind=join"),
        Page("jobs", "/jobs"),
        Page("jobs: asked every few seconds", "/jobs/live", part=True),
        Page("library", "/library"),
        Page("library: folders", "/library/folders", part=True),
        Page("library: problems", "/library/problems", part=True),
    ]


def _more(html: str, start: str) -> str:
    found = re.search(rf'hx-get="({re.escape(start)}[^"]*)" hx-trigger="revealed"', html)
    assert found is not None, start
    return found[1].replace("&amp;", "&")


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, str, psutil.Process]]:
    """`iconface web` over `home`: its base address, the one-time address, its process."""
    command = [sys.executable, "-m", "plugin", "--home", str(home), "web", "--no-browser", "--port", "0", "--here"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True) as process:
        assert process.stdout is not None
        try:
            found = next(m for line in process.stdout if (m := ADDRESS.search(line)))
            yield found[1], found[0], psutil.Process(process.pid)
        finally:
            process.terminate()


def measure(client: httpx2.Client, process: psutil.Process, rounds: int, only: str) -> None:
    """Print a table of all pages whose name has `only`."""
    wanted = [p for p in pages(client) if only in p.name]
    times: dict[str, list[float]] = {p.name: [] for p in wanted}
    cpu: dict[str, float] = dict.fromkeys(times, 0.0)
    first: dict[str, float] = {}
    for number in range(rounds + 2):
        for p in wanted:
            before, start = _cpu(process), time.perf_counter()
            answer = client.get(p.url, headers=HTMX if p.part else {})
            wall = 1000 * (time.perf_counter() - start)
            assert answer.status_code == 200, (p.url, answer.status_code)
            first.setdefault(p.name, wall)
            if number >= 2:
                times[p.name].append(wall)
                cpu[p.name] += 1000 * (_cpu(process) - before) / rounds
    print("| page | fastest, ms | p50, ms | p95, ms | CPU, ms | first request, ms |\n|---|---:|---:|---:|---:|---:|")
    for name, t in times.items():
        p50, p95 = np.percentile(t, [50, 95])
        print(f"| {name} | {min(t):.0f} | {p50:.0f} | {p95:.0f} | {cpu[name]:.0f} | {first[name]:.0f} |", flush=True)
    print(f"\nmemory of the server afterwards: {process.memory_info().rss / 1e6:.0f} MB")


def _measure_faces(gallery: Gallery) -> None:
    """As after a scan: how clear every face is, a quarter of them not."""
    measured = (
        f"json_object('version', {VERSION}, 'score', CASE WHEN id % 4 = 0 THEN 0.6 ELSE 0.1 END, 'print_damage', 0.0,"
        " 'eye_distance', 20 + id % 90, 'reduced', 1.0, 'reasons', json_array())"
    )
    with gallery.begin() as tx:
        tx.meta._c.exec_driver_sql(f"UPDATE face SET degradation = {measured}")


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def first_paint(base: str, cookie: tuple[str, str], rounds: int) -> None:
    """Print a table of first contentful paints in headless Chromium, or why there is none."""
    try:
        from selenium import webdriver
        from selenium.common.exceptions import WebDriverException
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        print("\nfirst paint: not measured, selenium is not installed")
        return
    options = webdriver.ChromeOptions()
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*QUIET, f"user-data-dir={profile}"):
            options.add_argument(f"--{flag}")
        try:
            driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        except WebDriverException as e:
            print(f"\nfirst paint: not measured, Chromium does not start ({str(e).splitlines()[0]})")
            return
        try:
            driver.get(f"{base}/static/icon.svg")
            driver.add_cookie({"name": cookie[0], "value": cookie[1], "sameSite": "Strict", "httpOnly": True})
            print("\n| first contentful paint | median, ms | worst, ms |\n|---|---:|---:|")
            for name, url in (("people", "/people"), ("person with 2,000 faces", f"/people/{LARGE}")):
                found = [_paint(driver, base + url) for _ in range(rounds)]
                print(f"| {name} | {statistics.median(found):.0f} | {max(found):.0f} |", flush=True)
        finally:
            driver.quit()


def _paint(driver: "WebDriver", url: str) -> float:
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    driver.get("about:blank")
    driver.get(url)
    script = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
    for _ in range(100):
        found = driver.execute_script(script)
        if found is not None:
            return float(found)
        time.sleep(0.1)
    raise SystemExit(f"{url} was never painted")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="where the gallery is made, or is already")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="", help="pages whose name has this; no first paint")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = args.home or Path(folder)
        database = home / "data" / "gallery.db"
        if not database.exists():
            with Gallery.open(database) as gallery:
                fill(gallery, home / "photos", SFACE_ID, Size(dim=DIM, photos=150_000))
                live_in(gallery)
                _measure_faces(gallery)
        with serving(home) as (base, way_in, process), httpx2.Client(base_url=base, timeout=60) as client:
            client.get(way_in)
            measure(client, process, args.rounds, args.only)
            if not args.only:
                [(name, value)] = client.cookies.items()
                first_paint(base, (name, value), 9)


if __name__ == "__main__":
    main()
