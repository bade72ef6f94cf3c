"""What an answer in the review said, in the words of the message about it."""

from collections.abc import Mapping

from gallery_db.gallery import Tx
from gallery_db.records import QuestionRecord

from ...languages import N_, _, ngettext
from ...people.answers import QuestionAnswer
from .people import NOBODY_YET, called
from .text import listed


def answer_words(tx: Tx, q: QuestionRecord, answer: QuestionAnswer, name: str) -> str:
    """One sentence for `answer` to `q`. `name` is what was typed. Ask before it is carried out: a merge leaves one."""
    who = _("the same person") if q.person_id is None else called(tx, q.person_id)
    n = max(1, len(q.face_ids))  # a question about a whole person lists none of their faces
    if q.kind == "merge" and q.person_id is not None and q.other_person_id is not None:
        return _pair(answer, [called(tx, p) for p in (q.person_id, q.other_person_id)])
    said: Mapping[QuestionAnswer, str] = {
        "yes": ngettext("Yes, this is {name}.", "Yes, these are {name}.", n, name=who),
        "no": ngettext("No, this is not {name}.", "No, these are not {name}.", n, name=who) + " " + _(REMEMBERED),
        "ignore": _("Left out from now on."),
        "first": _("The left one is {name}.", name=who),
        "second": _("The right one is {name}.", name=who),
        "both": _("Both are {name}.", name=who),
        "neither": _("Neither of the two is {name}.", name=who),
        "name": ngettext("This is {name}.", "These are {name}.", n, name=name),
        "new": ngettext("This is {name}, somebody new.", "These are {name}, somebody new.", n, name=name),
        "same": ngettext("This is {name}.", "These are {name}.", n, name=name),
    }
    return said[answer]


REMEMBERED = N_("This is remembered.")


def _pair(answer: QuestionAnswer, called: list[str]) -> str:
    named = [n for n in called if n != _(NOBODY_YET)]
    if answer == "yes":
        names = listed(list(dict.fromkeys(named)))
        return _("Yes, one person: {name}.", name=names) if named else _("Yes, they are one person.")
    if len(named) == 2:
        said = _("No, {name} and {other} are two people.", name=named[0], other=named[1])
    else:
        said = _("No, this is not {name}.", name=named[0]) if named else _("No, two people.")
    return f"{said} {_(REMEMBERED)}"
