"""What is done with faces that were chosen on a page: whose they are, whose not, or never mind.

The page says whose they were (`of`, empty: nobody's). When one of them is somebody else's by now, nothing is done.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord, FaceRecord

from ...errors import UsageError
from ..context import Web, WebDep
from ..edit_conflicts import Conflict
from ..responses import fragment, go, said, trigger
from ..views.person_view import PersonHead, person_head, tab_counts
from ..words.likeness import alike_words
from ..words.people import called
from ..words.text import capital, plural

router = APIRouter(prefix="/people/chosen")

ChosenFaces = Annotated[str, Form(pattern=r"^\d+(,\d+)*$", max_length=500_000)]
"""Ids with commas: one field, however many faces a month has."""
Of = Annotated[str, Form(pattern=r"^\d*$")]
LOOKED_AT = 16
"""So many of the chosen faces are compared with people."""
OFFERED = 24


@router.get("/picker")
def picker(request: Request, web: WebDep, faces: str = "", of: str = "", q: str = "", count: int = 1) -> HTMLResponse:
    """Who else they may be: people by likeness, or by name."""
    ids, owner = _ids(faces)[:LOOKED_AT], _owner(of)
    with web.app.gallery.begin(write=False) as tx:
        alike = [] if q.strip() else web.app.similar_faces.people_like(tx, ids, but=owner, limit=OFFERED)
        words = {a.id: alike_words(a.similarity, web.app.embedder.calibration) for a in alike}
        found = tx.browse.cards(words)
        if len(found) < OFFERED:
            others = tx.browse.people("shown", search=q, limit=OFFERED)
            found = [*found, *(p for p in others if p.id not in words)][:OFFERED]
    cards = [(p, words.get(p.id, "")) for p in found if p.id != owner]
    name = "parts/faces_picker_list.html" if "q" in request.query_params else "parts/faces_picker.html"
    return fragment(request, web, name, cards=cards, of=of, q=q, count=count)


@router.post("/move")
def move(request: Request, web: WebDep, faces: ChosenFaces, of: Of = "", to: Annotated[int, Form()] = 0) -> Response:
    """They are somebody else, who is known."""
    return _decided(request, web, faces, of, lambda tx, ids: tx.decisions.assign(ids, to), "{faces} moved to {to}.", to)


@router.post("/new")
def new(request: Request, web: WebDep, faces: ChosenFaces, of: Of = "", name: Annotated[str, Form()] = "") -> Response:
    """They are somebody new."""

    def verb(tx: Tx, ids: Sequence[int]) -> DecisionRecord:
        owner = _owner(of)
        if owner is None:
            return tx.decisions.assign_new(ids, name)
        return tx.decisions.split(owner, ids, name=name)

    return _decided(request, web, faces, of, verb, "{faces} are somebody new now.")


@router.post("/not")
def are_not(request: Request, web: WebDep, faces: ChosenFaces, of: Annotated[str, Form(pattern=r"^\d+$")]) -> Response:
    """They are not this person; that is remembered."""
    owner = int(of)
    said_so = "{faces} are not {of}. This is remembered."
    return _decided(request, web, faces, of, lambda tx, ids: tx.decisions.reject(ids, owner), said_so)


@router.post("/ignore")
def ignore(request: Request, web: WebDep, faces: ChosenFaces, of: Of = "") -> Response:
    """Not a face, or never mind whose."""
    return _decided(request, web, faces, of, lambda tx, ids: tx.decisions.ignore_faces(ids), "{faces} ignored.")


@router.post("/put-back")
def put_back(request: Request, web: WebDep, faces: ChosenFaces) -> Response:
    """They are faces after all."""

    def verb(tx: Tx, ids: Sequence[int]) -> DecisionRecord:
        return tx.decisions.ignore_faces(ids, ignored=False)

    return _decided(request, web, faces, "", verb, "{faces} put back.", state="ignored")


def _decided(
    request: Request,
    web: Web,
    faces: str,
    of: str,
    verb: Callable[[Tx, Sequence[int]], DecisionRecord],
    words: str,
    to: int | None = None,
    state: str = "shown",
) -> Response:
    """Decide, then take the faces out of the page that is open."""
    ids, owner = _ids(faces), _owner(of)
    counts: dict[str, int] = {}

    def checked(tx: Tx) -> DecisionRecord:
        found = _expect(tx, ids, owner, state)
        if owner is not None:
            counts.update(_left(person_head(tx, owner), found))
        return verb(tx, ids)

    done = web.app.people.decide(checked)
    with web.app.gallery.begin(write=False) as tx:
        text = words.format(
            faces=plural(len(ids), "face"),
            of="" if owner is None else called(tx, owner),
            to="" if to is None else called(tx, to),
        )
        text = capital(text if len(ids) > 1 else text.replace(" are ", " is "))
        if owner is None:
            response = said(Response(status_code=200), text, undo=done.id)
            return trigger(response, "gone", {"counts": tab_counts(tx.browse.counts())})
        if not tx.browse.faces(owner, limit=1):
            return go(request, "/people", text, undo=done.id)
        head = person_head(tx, owner)
    response = said(fragment(request, web, "parts/person_changed.html", head=head), text, undo=done.id)
    return trigger(response, "gone", {"counts": counts})


def _expect(tx: Tx, ids: Sequence[int], owner: int | None, state: str) -> list[FaceRecord]:
    """The faces as the page showed them. Raises Conflict when one is somebody else's by now, or gone."""
    found = tx.faces.by_ids(ids)
    states = ("ok", "doubtful") if state == "shown" else (state,)
    same = [f for f in found if f.person_id == owner and f.state in states]
    if len(same) < len(ids):
        n = plural(len(ids) - len(same), "face")
        raise Conflict(f"Nothing was changed: {n} of these changed in another window; here is how it is now.")
    return found


def _left(head: PersonHead, gone: Sequence[FaceRecord]) -> dict[str, int]:
    """How many faces stay in each group of the timeline that loses some, by the id of its number in the page."""
    lost = Counter(head.period(f.captured_at) for f in gone)
    return {f"count-{period}": head.periods[period] - n for period, n in lost.items()}


def _ids(text: str) -> list[int]:
    """Face ids without repetitions. Raises UsageError."""
    if text and not all(part.isdecimal() for part in text.split(",")):
        raise UsageError("These are no faces.")
    return list(dict.fromkeys(int(part) for part in text.split(",") if part))


def _owner(of: str) -> int | None:
    if of and not of.isdecimal():
        raise UsageError("This is nobody.")
    return int(of) if of else None
