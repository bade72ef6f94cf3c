"""Other languages on a phone: nothing sticks out in German, nor where it is a third longer and from right to left."""

import pytest

from plugin.languages import PSEUDO

from .chromium import PHONE, Browser
from .family import Family

pytestmark = pytest.mark.timeout(240)


def pages(family: Family) -> dict[str, str]:
    """Those with most words, and the one with pictures beside each other."""
    return {
        "people": "/people",
        "person": f"/people/{family.people['adam']}",
        "statistics": "/statistics",
        "map": "/map",
        "review": "/review",
        "photo": f"/photos/{family.photo_id('together/group.jpg')}",
        "restoration": f"/restorations/{family.waiting}",
        "cleanup": "/cleanup",
        "jobs": "/jobs",
        "library": "/library",
        "welcome": "/welcome",
    }


@pytest.mark.parametrize("language", ["de", PSEUDO])
def test_nothing_sticks_out_of_a_phone(shared_site: Browser, family: Family, language: str):
    browser, found = shared_site, dict[str, None]()
    browser.look(PHONE)
    with browser.speaking(language):
        for name, path in pages(family).items():
            browser.open(path)
            browser.settle()
            browser.shot(f"{name}-phone-{language}")
            found |= {f"{path}: {line}": None for line in browser.too_wide()}
    found |= dict.fromkeys(browser.trouble())
    assert not found, "\n".join(found)
