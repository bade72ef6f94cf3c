"""Two people at one gallery, in each engine: of two answers to one question one is stored, and the other is told."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from gallery_db import Gallery
from gallery_db.gallery import Tx

from .factories import E, put

WAIT_S = 0.5  # for the other to come inside as well, which it must not


def both(gallery: Gallery, read: Callable[[Tx], object], *writes: Callable[[Tx], object]) -> list[str]:
    """Each reads what a page shows; then both at once look whether that is still so, and write. What became of each."""
    seen, inside = threading.Barrier(2), threading.Barrier(2)

    def one(write: Callable[[Tx], object]) -> str:
        with gallery.begin(write=False) as tx:
            shown = read(tx)
        seen.wait()
        with gallery.begin() as tx:
            now = read(tx)
            with suppress(threading.BrokenBarrierError):
                inside.wait(WAIT_S)
            if now != shown:
                return "told"
            write(tx)
            return "stored"

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(one, writes))


@pytest.fixture
def ada(gallery: Gallery) -> int:
    with gallery.begin() as tx:
        [f], [g] = put(tx, "a"), put(tx, "b")
        who = tx.decisions.create_person("Ada").person_id
        tx.decisions.create_person("Bea")
        tx.decisions.assign([f, g], who)
        return who


def test_two_rename_one_person(gallery: Gallery, ada: int):
    def name(tx: Tx) -> object:
        return tx.people.get(ada).name

    assert both(gallery, name, lambda tx: tx.decisions.name(ada, "Ann"), lambda tx: tx.decisions.name(ada, "Eva")) == [
        "stored",
        "told",
    ]


def test_two_give_one_face_away(gallery: Gallery, ada: int):
    def owner(tx: Tx) -> object:
        return tx.faces.get(1).person_id

    ways = (lambda tx: tx.decisions.assign([1], ada + 1), lambda tx: tx.decisions.assign_new([1], "Cem"))
    assert both(gallery, owner, *ways) == ["stored", "told"]


def test_one_merges_while_the_other_takes_back(gallery: Gallery, ada: int):
    def latest(tx: Tx) -> object:
        return tx.decisions.history(limit=1)[0].id

    ways = (lambda tx: tx.decisions.merge(ada, [ada + 1]), lambda tx: tx.decisions.undo())
    assert both(gallery, latest, *ways) == ["stored", "told"]


def test_changes_of_vectors_become_visible_in_the_order_of_their_numbers(gallery: Gallery):
    """Else an index that has followed up to the higher number would never see the lower one."""
    begun, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with gallery.begin() as tx:
            put(tx, "first")
            begun.set()
            go_on.wait(WAIT_S)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        begun.wait()
        with gallery.begin() as tx:
            put(tx, "second")
        with gallery.begin(write=False) as tx:
            followed, known = tx.faces.generation(E), len(tx.faces.matrix(E))
        go_on.set()
        running.result()
    with gallery.begin(write=False) as tx:
        assert known + len(tx.faces.changed_since(E, followed)) == len(tx.faces.matrix(E)) == 2
