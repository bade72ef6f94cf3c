"""The page of clean-ups in the browser: the plan comes after the page, and follows the form."""

import pytest
from selenium.webdriver.common.keys import Keys

from .chromium import Browser

pytestmark = pytest.mark.timeout(280)


def test_the_plan_follows_the_form(shared_site: Browser):
    site = shared_site
    site.open("/cleanup")
    site.until_sees("could become clearer")
    assert site.one(".c-start button").text == "Start now"
    site.fill("#first", "2200")
    site.press(Keys.TAB)
    site.until_sees("No face here needs it")
    assert site.all(".c-start") == []
    site.expect("400")
    site.fill("#last", "1990")
    site.press(Keys.TAB)
    site.until_sees("turn the years round")
