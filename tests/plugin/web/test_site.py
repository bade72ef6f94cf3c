"""Every page answers."""

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize("path", ["/people", "/review", "/history", "/restorations", "/jobs", "/library", "/welcome"])
def test_every_page_of_the_navigation_shows(site: TestClient, path: str):
    shown = site.get(path)
    assert shown.status_code == 200
    assert shown.text.count("<h1") == 1
    assert "<!doctype html>" in shown.text
    part = site.get(path, headers={"HX-Request": "true"})
    assert "<!doctype html>" not in part.text
    assert part.text.count("<h1") == 1


def test_the_first_page_is_people_when_somebody_was_found(site: TestClient):
    assert site.get("/").headers["Location"] == "/people"
