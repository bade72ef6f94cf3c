"""What a decision did, as data: the codes that are stored with it. Their words are `plugin/decision_words.py`."""

from collections.abc import Collection

from iconface_core.reasons import Code, Reason

SHOWN = 5
"""So many faces are named by their ids; a split can concern thousands."""

# What decisions are about
PERSON = Code("person", id=int, name=str | None)
FACES = Code("faces", count=int, first=tuple)
"""`first`: the lowest `SHOWN` ids."""
COPY = Code("restored_copy", path=str)
PROPOSAL = Code("proposal", photo=str)
COPIES = Code("restored_copies", copies=int, proposals=int)

# People
CREATED = Code("person_created", person=Reason)
MERGED = Code("people_merged", people=tuple, into=Reason)
SPLIT = Code("person_split", faces=Reason, person=Reason, new=Reason)
DIFFERENT = Code("people_differ", person=Reason, other=Reason)
NAMED = Code("person_named", person=Reason, name=str | None)
"""`person` as they were called before."""
HIDDEN = Code("person_hidden", person=Reason, hidden=bool)
PERSON_IGNORED = Code("person_ignored", person=Reason, ignored=bool)
BORN = Code("person_born", person=Reason, date=str | None)
COVER = Code("person_cover", person=Reason, face=int | None)

# Faces
FACES_CONFIRMED = Code("faces_confirmed", faces=Reason)
ASSIGNED = Code("faces_assigned", faces=Reason, person=Reason, new=bool)
REJECTED = Code("faces_rejected", faces=Reason, person=Reason | None)
UNASSIGNED = Code("faces_unassigned", faces=Reason)
FACES_IGNORED = Code("faces_ignored", faces=Reason, ignored=bool)
DREW = Code("face_drawn", face=int, person=Reason | None)
IMPORTED = Code("names_imported", source=str, people=int, named=int, drawn=int, ignored=int)
"""`named`, `drawn` and `ignored` count faces."""

# Photos
DATED = Code("photos_dated", photos=int, first=str, date=str | None)
"""`first`: the path of one of them. `date` as of `images.date_span`; None: as their files say."""

# Restorations
RESTORED = Code("copy_made", photo=str, output=str)
COPIES_ACCEPTED = Code("copies_accepted", what=Reason)
COPIES_REJECTED = Code("copies_rejected", what=Reason)

# Decisions
UNDID = Code("decision_undone", what=Reason)
REDID = Code("decision_redone", what=Reason)
FORGOTTEN = Code("decision_forgotten")
"""The decision was about somebody who was forgotten since."""


def faces(ids: Collection[int]) -> Reason:
    """`FACES` of these."""
    return FACES(count=len(ids), first=tuple(sorted(ids)[:SHOWN]))
