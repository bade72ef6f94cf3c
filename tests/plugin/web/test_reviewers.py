"""Several people at the page of a gallery on a server."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from gallery_db import Gallery
from gallery_db.database.address import Server
from plugin import users
from plugin.app import App, build_app
from plugin.settings import load_settings
from plugin.web.make import make_web
from plugin.web.server.live import Live
from tests.plugin.web.behind_proxy import browser, settings
from tests.plugin.web.conftest import PORT
from tests.plugin.web.test_live import event
from tests.support.library import Cli, Library
from tests.support.narrow import present
from tests.support.postgres import Cluster, cluster


@pytest.fixture(scope="module")
def home(scanned: Library, postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Its gallery is on a server, and a proxy logs people in."""
    home = tmp_path_factory.mktemp("reviewers") / "home"
    shutil.copytree(scanned.home, home)
    with postgres_cluster.database("gallery") as url:
        with Gallery.open(home / "data" / "gallery.db") as file, Gallery.open(Server(url, home / "data")) as there:
            file.copy_to(there)
        settings(home, database=url)
        yield home


@pytest.fixture
def app(home: Path) -> Iterator[App]:
    app = build_app(load_settings(home, {"ICONFACE_ACTOR": "owner"}))
    yield app
    app.close()


@pytest.fixture
def two(app: App) -> Iterator[Sequence[TestClient]]:
    """Browsers of two reviewers."""
    with ExitStack() as opened:
        web = opened.enter_context(make_web(app, PORT))
        for name in ("anna", "ben"):
            if users.role_of(app.gallery, name, app.settings) is None:
                users.add(app.gallery, name, "reviewer")
        yield [opened.enter_context(browser(web, name)) for name in ("anna", "ben")]


def at_once(*acts: Callable[[], int]) -> list[int]:
    start = Barrier(len(acts))

    def act(one: Callable[[], int]) -> int:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def asked(client: TestClient) -> tuple[int, str]:
    """The question that a reviewer is shown, and its stamp."""
    shown = client.get("/review").text
    number = present(re.search(r'action="/review/(\d+)"', shown))[1]
    return int(number), present(re.search(r'name="stamp" value="([^"]+)"', shown))[1]


def answer(client: TestClient, question: tuple[int, str], **said: str) -> int:
    number, stamp = question
    data = {"answer": "ignore", "stamp": stamp} | said
    return client.post(f"/review/{number}", data=data, headers={"HX-Request": "true"}).status_code


def test_two_reviewers_are_asked_different_questions(two: Sequence[TestClient], app: App):
    anna, ben = two
    with app.gallery.begin(write=False) as tx:
        assert sum(tx.questions.count().values()) >= 2
    first, second = (asked(c) for c in two)
    assert first != second
    assert (asked(anna), asked(ben)) == (first, second), "as long as they are theirs"
    ahead = anna.get(f"/review/ahead?after={first[0]}").json()
    assert ahead != ben.get(f"/review/ahead?after={first[0]}").json() or not ahead

    assert answer(ben, first) == 409, "it is hers for two minutes"
    assert answer(anna, first) == 200
    with app.gallery.begin(write=False) as tx:
        [done] = tx.decisions.history(limit=1)
        assert (done.actor, tx.questions.get(first[0])) == ("anna", None)
    assert answer(ben, first) == 409, "answered"
    assert anna.post(f"/undo/{done.id}", headers={"HX-Request": "true"}).status_code == 204

    hers = asked(anna)
    with app.gallery.begin() as tx:  # two minutes later
        tx.meta._c.execute(text("UPDATE question SET claimed_until = claimed_until - 121"))
    assert asked(ben) == first, "the most useful one: over needs no cleaning"
    assert asked(anna)[0] != hers[0]
    with app.gallery.begin(write=False) as tx:  # who is at the machine itself sees all of them
        assert {q.id for q in tx.questions.open()} >= {first[0], second[0]}


def test_two_answers_at_the_same_moment(two: Sequence[TestClient], app: App):
    anna, ben = two
    question = asked(anna)
    with app.gallery.begin() as tx:
        tx.meta._c.execute(text("UPDATE question SET claimed_until = claimed_until - 121"))
        before = len(tx.decisions.history())
    assert sorted(at_once(lambda: answer(anna, question), lambda: answer(ben, question))) == [200, 409]
    with app.gallery.begin(write=False) as tx:
        assert len(tx.decisions.history()) == before + 1


def test_two_rename_one_person_at_the_same_moment(two: Sequence[TestClient], app: App):
    with app.gallery.begin(write=False) as tx:
        person = tx.people.find()[-1].id
    stamp = present(re.search(r'name="stamp" value="(\w+)"', two[0].get(f"/people/{person}").text))[1]

    def rename(client: TestClient, name: str) -> int:
        data = {"name": name, "stamp": stamp}
        return client.post(f"/people/{person}/name", data=data, headers={"HX-Request": "true"}).status_code

    got = at_once(lambda: rename(two[0], "Ada"), lambda: rename(two[1], "Bea"))
    assert sorted(got) == [200, 409]
    with app.gallery.begin(write=False) as tx:
        [done] = tx.decisions.history(limit=1)
        assert (tx.people.get(person).name, done.actor) == (("Ada", "anna") if got[0] == 200 else ("Bea", "ben"))


def test_the_command_line_of_several(
    app: App, home: Path, library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    for name in ("ICONFACE_ACTOR", "ICONFACE_DATABASE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("LOGNAME", "carl")
    cli = Cli(home, capsys)
    person = cli("people", "list")["people"][0]["person_id"]
    mine = cli("people", "hide", person)["decision"]["decision_id"]
    cli("people", "hide", person, "--off", "--actor", "dora")
    monkeypatch.setenv("ICONFACE_ACTOR", "")  # `--actor` is handed on to processes by it
    assert [d["actor"] for d in cli("history", "--limit", 2)["decisions"]] == ["dora", "carl"]
    assert cli("undo", mine + 1, code=1)["error"]["kind"] == "others_decision"
    assert cli("undo", mine + 1, "--any")["undo"]["undoes"] == mine + 1
    assert cli("undo")["undo"]["undoes"] == mine
    assert Cli(library.home, capsys)("people", "hide", person, "--actor", "x", code=2)["error"]["kind"] == "usage"
    assert cli("users", "add", "eve", "admin")["user"] == {"user": "eve", "role": "admin"}
    assert cli("users", "add", "eve", code=2)
    assert cli("users", "role", "eve", "viewer")["user"]["role"] == "viewer"
    assert {"user": "eve", "role": "viewer"} in cli("users", "list")["users"]
    assert cli("users", "remove", "eve")["removed"] == "eve"
    assert cli("users", "remove", "eve", code=3)


def test_pages_hear_what_others_did_also_after_the_server_was_started_again(tmp_path: Path):
    with ExitStack() as opened:
        server = opened.enter_context(cluster())
        server.create("g")
        with server.admin.connect() as conn:  # what was confirmed survives
            conn.execute(text("ALTER DATABASE g SET synchronous_commit = on"))
        here, there = (
            opened.enter_context(Gallery.open(Server(server.url("g"), tmp_path / name))) for name in ("here", "there")
        )
        asyncio.run(asyncio.wait_for(_hears(here, there.acting_as("anna"), server), 120))


async def _hears(here: Gallery, there: Gallery, server: Cluster) -> None:
    live = Live(here, look_s=0.05)
    stream = live.stream()
    assert (await event(stream))[0] == "jobs"

    def decide(name: str) -> int:
        with there.begin() as tx:
            return tx.decisions.create_person(name).id

    async def told(what: str) -> object:
        while (found := await event(stream))[0] != what:
            pass
        return found[1]

    await asyncio.sleep(0.5)  # its first look
    done = await asyncio.to_thread(decide, "Ada")
    assert await told("changed") == {"decision": done}
    with there.begin(alone=False) as tx:
        tx.jobs.enqueue("restore", {})
    jobs = await told("jobs")
    assert isinstance(jobs, dict)
    assert jobs["waiting"] == 1
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(_start, server)
    done = await asyncio.to_thread(decide, "Bea")
    assert await told("changed") == {"decision": done}
    live.close()
    assert [piece async for piece in stream if piece.startswith(b"event")] == []


def _start(server: Cluster) -> None:
    for _ in range(100):
        try:
            server.start()
        except subprocess.CalledProcessError:  # the last of its processes is just ending
            continue
        return
    raise AssertionError("it does not start")
