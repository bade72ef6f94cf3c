"""The pages speak the language of the browser, or the one that was chosen; what programs read is never translated."""

import re
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from plugin.web.context import Web
from plugin.web.site import make_site


def _get(site: TestClient, path: str, language: str, **more: Any) -> str:
    answer = site.get(path, headers={"Accept-Language": language}, **more)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize(
    ("language", "heading"),
    [("en-GB", "People"), ("de-AT,de;q=0.9", "Personen"), ("fr", "Personnes"), ("es-MX", "Personas"), ("ja", "人物")],
)
def test_the_language_of_the_browser(site: TestClient, language: str, heading: str):
    html = _get(site, "/people", language)
    assert f'<html lang="{language[:2]}"' in html
    assert f"<h1>{heading}</h1>" in html


@pytest.mark.parametrize("path", ["/people", "/review", "/history", "/restorations", "/jobs", "/library", "/welcome"])
@pytest.mark.parametrize("language", ["de", "fr", "es", "ja", "ar-XB"])
def test_every_page_opens(site: TestClient, path: str, language: str):
    assert "iconface" in _get(site, path, language)


def test_the_language_that_was_chosen_goes_first(web: Web):
    web.app.settings = replace(web.app.settings, language="fr")
    with TestClient(make_site(web), base_url=f"http://127.0.0.1:{web.port}") as client:
        answer = client.get("/people", headers={"Accept-Language": "de", "Accept": "text/html"})
    assert answer.status_code == 403
    assert '<html lang="fr"' in answer.text


def test_a_language_chosen_on_the_page_goes_before_all_others(site: TestClient):
    page = "/people?q=a+b%26c&tab=hidden"
    answer = site.post("/language", data={"to": "ja"}, headers={"Referer": f"http://127.0.0.1:4711{page}"})
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert "Max-Age" in answer.headers["Set-Cookie"]
    html = _get(site, page, "de")
    assert '<html lang="ja"' in html
    assert re.findall(r'value="(\w*)"[^>]* aria-current="true"', html) == ["ja"]
    assert site.post("/language", data={"to": "xx"}).status_code == 400
    assert site.post("/language", headers={"Referer": "http://127.0.0.1//elsewhere.org"}).headers["Location"] == (
        "/elsewhere.org"
    )
    assert '<html lang="de"' in _get(site, page, "de")


def test_from_right_to_left(site: TestClient):
    assert '<html lang="ar-XB" dir="rtl"' in _get(site, "/people", "ar-XB")


def test_a_piece_of_a_page_and_its_message(site: TestClient):
    answer = site.post("/jobs/pause", headers={"Accept-Language": "de", "HX-Request": "true"})
    assert "Alles ist angehalten." in answer.text
    answer = site.post("/jobs/resume", headers={"Accept-Language": "en", "HX-Request": "true"})
    assert "Alles" not in answer.text


def test_who_is_refused_is_told_in_the_language_of_the_browser(stranger: TestClient):
    answer = stranger.get("/people", headers={"Accept-Language": "de", "Accept": "text/html"})
    assert (answer.status_code, '<html lang="de"' in answer.text) == (403, True)
    assert "Bitte komm über iconface herein" in answer.text


def test_errors(site: TestClient):
    answer = site.get("/people/999999", headers={"Accept-Language": "es"})
    assert (answer.status_code, "Eso no está aquí" in answer.text) == (404, True)


def test_a_name_is_escaped_inside_of_a_sentence(site: TestClient, web: Web):
    with web.app.gallery.begin(write=False) as tx:
        person = tx.people.find()[0].id
    web.app.people.deciding().name(person, "<b>{name}</b>")
    html = _get(site, "/review" + f"?person={person}", "de")
    assert "<b>{name}</b>" not in html
    assert "&lt;b&gt;{name}&lt;/b&gt;" in html
