"""What an answer in the review said, in the words of the message about it."""

from collections.abc import Mapping

from gallery_db.gallery import Tx
from gallery_db.records import QuestionRecord

from ...people.answers import QuestionAnswer
from .people import NOBODY_YET, called


def answer_words(tx: Tx, q: QuestionRecord, answer: QuestionAnswer, name: str) -> str:
    """One sentence for `answer` to `q`. `name` is what was typed. Ask before it is carried out: a merge leaves one."""
    who = "the same person" if q.person_id is None else called(tx, q.person_id)
    is_, these = ("are", "these") if len(q.face_ids) > 1 else ("is", "this")
    if q.kind == "merge" and q.person_id is not None and q.other_person_id is not None:
        return _pair(answer, [called(tx, p) for p in (q.person_id, q.other_person_id)])
    said: Mapping[QuestionAnswer, str] = {
        "yes": f"Yes, {these} {is_} {who}.",
        "no": f"No, {these} {is_} not {who}. This is remembered.",
        "ignore": "Left out from now on.",
        "first": f"The left one is {who}.",
        "second": f"The right one is {who}.",
        "both": f"Both are {who}.",
        "neither": f"Neither of the two is {who}.",
        "name": f"{these.capitalize()} {is_} {name}.",
        "new": f"{these.capitalize()} {is_} {name}, somebody new.",
        "same": f"{these.capitalize()} {is_} {name}.",
    }
    return said[answer]


def _pair(answer: QuestionAnswer, called: list[str]) -> str:
    named = [n for n in called if n != NOBODY_YET]
    if answer == "yes":
        return f"Yes, one person: {' and '.join(dict.fromkeys(named))}." if named else "Yes, they are one person."
    if len(named) == 2:
        return f"No, {named[0]} and {named[1]} are two people. This is remembered."
    return f"No, this is not {named[0]}. This is remembered." if named else "No, two people. This is remembered."
