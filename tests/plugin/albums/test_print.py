"""An album as a browser prints it: on A4 and on Letter, nothing asked for, nothing cut. The papers are kept in
`test-artefacts/screenshots/`."""

import base64
import json
import re
from pathlib import Path

import pytest

from tests.support.library import Cli

from .conftest import Life

pytest.importorskip("selenium")
from selenium import webdriver

from tests.plugin.web.browser import chromium

pytestmark = pytest.mark.timeout(240)
PAPERS = {"A4": (210, 297), "Letter": (216, 279)}
"""Width and height in millimetres."""
MARGIN = 14
PX = 96 / 25.4


@pytest.fixture
def album(life: Life, cli: Cli, tmp_path: Path) -> Path:
    """Every kind of entry, and a name that no layout likes."""
    long = life.person("Maximiliane" * 8)
    life.photo("alone.jpg", "1961-05-01")
    life.photo("with.jpg", "1962-05-01", long)
    life.photo("stranger.jpg", "1963-05-01", None)
    for at, other in (("1964-05-01", long), ("1965-05-01", None)):
        face, *_ = life.photo(f"{at}.jpg", at, other)
        life.restored(face, f"{at}.jpg")
    cli("people", "name", life.ada, "\u05e1\u05d1\u05ea\u05d0 \u05e2\u05d3\u05d4")
    return Path(cli("album", life.ada, "--out", tmp_path)["album"]["output"])


@pytest.mark.parametrize("paper", PAPERS)
def test_every_entry_fits_a_page_and_is_not_cut(driver: webdriver.Chrome, album: Path, paper: str):
    width, height = PAPERS[paper]
    driver.get(album.as_uri())
    pixels = {"width": round((width - 2 * MARGIN) * PX), "height": round((height - 2 * MARGIN) * PX)}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", pixels | {"deviceScaleFactor": 1, "mobile": False})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        heights = driver.execute_script(
            "const entries = [...document.querySelectorAll('article')];"
            "return entries.map(e => [e.offsetHeight, getComputedStyle(e).breakInside])"
        )
        wide = driver.execute_script("return document.documentElement.scrollWidth")
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert len(heights) == 5
    assert {how for _, how in heights} == {"avoid"}
    heading = 60
    assert max(tall for tall, _ in heights) <= pixels["height"] - heading
    assert wide <= pixels["width"], "nothing sticks out"

    size = {"paperWidth": width / 25.4, "paperHeight": height / 25.4}
    pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", size)["data"])
    chromium.ARTEFACTS.mkdir(parents=True, exist_ok=True)
    (chromium.ARTEFACTS / f"album-{paper}.pdf").write_bytes(pdf)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1 + 3, "the first page, then two entries a page"


def test_it_is_read_without_scripts_or_network(driver: webdriver.Chrome, album: Path):
    driver.get_log("browser")
    driver.get_log("performance")
    driver.get(album.as_uri())
    assert driver.get_log("browser") == [], "nothing is refused by its own policy"
    events = [json.loads(e["message"])["message"] for e in driver.get_log("performance")]
    asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    assert {a.partition(":")[0] for a in asked} <= {"file", "data"}
    loaded = driver.execute_script("return [...document.images].map(i => i.complete && i.naturalWidth > 100)")
    assert len(loaded) == 1 + 3 + (3 + 2), "the first page, one each, and with the face before and after"
    assert all(loaded)
    assert driver.execute_script("return getComputedStyle(document.querySelector('h1')).direction") == "rtl"
