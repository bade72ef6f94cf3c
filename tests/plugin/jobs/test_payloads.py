"""What jobs are asked: what is stored stays readable, equal requests stay one job, and nonsense fails its job alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery_db.gallery import Tx
from iconface_core.codec import CodecError, decode, decode_json, encode, encode_json
from plugin.job_handlers.measure import enqueue_measure
from plugin.job_kinds import (
    enqueue_again,
    enqueue_changes,
    enqueue_embed,
    enqueue_nightly,
    enqueue_reconcile,
    enqueue_restore,
)
from plugin.job_payloads import (
    CHANGES,
    CLEANUP_ITEM,
    EMBED,
    GROUP,
    LOOK,
    MEASURE,
    NIGHTLY,
    PAYLOADS,
    PREVIEW,
    PROPOSE,
    RECONCILE,
    RESTORE,
    SETTLE,
    ChangesPayload,
    CleanupPayload,
    EmbedPayload,
    FileOnDisk,
    GroupPayload,
    LookPayload,
    Payload,
    PreviewPayload,
    QueuedChoices,
    ReconcilePayload,
    RestorePayload,
    RootPayload,
    SettlePayload,
    payload_of,
)
from plugin.jobs.context import JobContext, JobFailedError
from plugin.jobs.inbox import Request
from plugin.jobs.registry import HANDLERS
from plugin.reasons import PAYLOAD_UNREADABLE

ids = st.integers(1, 2**63 - 1)
names = st.text(st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF))
paths = names.map(Path)
choices = st.builds(
    QueuedChoices,
    strength=st.none() | st.floats(0, 1),
    seed=st.integers(min_value=0),
    steps=st.none() | st.integers(min_value=1),
    quality=st.sampled_from([None, "fast", "best"]),
    face=st.none() | ids,
    face_ids=st.lists(ids, max_size=3).map(tuple),
    references=st.lists(paths, max_size=2).map(tuple),
    reference_faces=st.lists(ids, max_size=2).map(tuple),
    use_references=st.booleans(),
    restorer=st.text(),
    output=st.none() | paths,
    beside=st.booleans(),
    dry_run=st.booleans(),
    force=st.booleans(),
    person=st.none() | st.text(),
)
payloads = st.one_of(
    st.builds(RestorePayload, names, st.none() | ids, choices, st.none() | st.text()),
    st.builds(ChangesPayload, ids, st.lists(names, max_size=3).map(tuple), st.integers(min_value=0)),
    st.builds(ReconcilePayload, ids, st.booleans()),
    st.builds(RootPayload, ids),
    st.builds(CleanupPayload, st.text()),
    st.builds(EmbedPayload, ids),
    st.builds(GroupPayload, st.lists(ids, max_size=2).map(tuple)),
    st.builds(LookPayload, ids, st.lists(st.builds(FileOnDisk, names, ids, ids, ids), max_size=2).map(tuple)),
    st.just(Payload()),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["path", "face_id", "options", "run", "root_id", "paths", "tries", "accept_missing", "more"]

EVERY_OPTION = {
    "strength": None, "seed": 42, "steps": None, "quality": None, "face": 1, "person": "Anna", "references": ["/r.jpg"],
    "use_references": True, "restorer": "auto", "output": "/out", "beside": False, "dry_run": False, "force": True,
}  # fmt: skip
AGAIN = {
    "seed": 7, "strength": 1, "steps": None, "restorer": "nano", "use_references": True, "force": False,
    "reference_faces": [4, 5], "person": "3", "quality": "best", "references": [],
}  # fmt: skip
STORED: list[tuple[str, dict[str, Any], Payload]] = [
    (
        LOOK,
        {"root_id": 1, "files": [["/a.jpg", 10, 20, 30]]},
        LookPayload(1, (FileOnDisk("/a.jpg", 10, 20, 30),)),
    ),
    (
        SETTLE,
        {"root_id": 1, "gone": [2], "back": [], "of": 3, "counts": {"new": 1}},
        SettlePayload(1, (2,), (), 3, counts={"new": 1}),
    ),
    (GROUP, {"root_ids": [1, 2]}, GroupPayload((1, 2))),
    (
        RESTORE,
        {"path": "/a.jpg", "face_id": None, "options": {}},
        RestorePayload("/a.jpg", None, QueuedChoices()),
    ),
    (
        RESTORE,
        {"path": "/M\udcfc.jpg", "face_id": 3, "options": EVERY_OPTION},
        RestorePayload(
            "/M\udcfc.jpg",
            3,
            QueuedChoices(face=1, person="Anna", references=(Path("/r.jpg"),), output=Path("/out"), force=True),
        ),
    ),
    (
        RESTORE,
        {"path": "/a.jpg", "face_id": 3, "options": AGAIN},
        RestorePayload(
            "/a.jpg",
            3,
            QueuedChoices(seed=7, strength=1.0, restorer="nano", reference_faces=(4, 5), person="3", quality="best"),
        ),
    ),
    (
        RESTORE,
        {"path": "/a.jpg", "face_id": None, "options": {"restorer": "nano", "face_ids": [1, 2]}, "run": "2026-11-01"},
        RestorePayload("/a.jpg", None, QueuedChoices(restorer="nano", face_ids=(1, 2)), "2026-11-01"),
    ),
    (
        PREVIEW,
        {"path": "/a.jpg", "options": {"photo_steps": ["damage"], "fill": "opencv"}},
        PreviewPayload("/a.jpg", QueuedChoices(photo_steps=("damage",), fill="opencv")),
    ),
    (CHANGES, {"root_id": 1, "paths": ["/a", "/b"]}, ChangesPayload(1, ("/a", "/b"))),
    (CHANGES, {"root_id": 1, "paths": ["/a"], "tries": 0}, ChangesPayload(1, ("/a",))),
    (CHANGES, {"root_id": 1, "paths": ["/a"], "tries": 2}, ChangesPayload(1, ("/a",), 2)),
    (RECONCILE, {"root_id": 1}, ReconcilePayload(1)),
    (RECONCILE, {"root_id": 1, "accept_missing": True}, ReconcilePayload(1, accept_missing=True)),
    (PROPOSE, {"root_id": 1}, RootPayload(1)),
    (CLEANUP_ITEM, {"run": "2026-11-01T00:00:00.000001+00:00"}, CleanupPayload("2026-11-01T00:00:00.000001+00:00")),
    (EMBED, {"face_id": 9}, EmbedPayload(9)),
    (MEASURE, {}, Payload()),
    (NIGHTLY, {}, Payload()),
]
"""As they were stored before November 2026."""


@pytest.mark.parametrize(("kind", "stored", "read"), STORED)
def test_jobs_of_earlier_releases_are_read(tx: Tx, kind: str, stored: dict[str, Any], read: Payload):
    job = tx.jobs.get(tx.jobs.enqueue(kind, stored))
    assert payload_of(job, Payload) == read


def test_every_kind_has_a_payload_and_a_handler():
    assert set(PAYLOADS) == set(HANDLERS) == {kind for kind, _, _ in STORED}


@given(payloads)
def test_what_is_enqueued_is_what_the_handler_gets(payload: Payload):
    assert decode(type(payload), json.loads(json.dumps(encode(payload))), "it") == payload


@given(st.builds(Request, st.lists(paths, max_size=2).map(tuple), choices))
def test_what_is_dropped_is_what_is_collected(request: Request):
    assert decode_json(Request, encode_json(request), "it") == request


@given(st.sampled_from(sorted(PAYLOADS)), values | st.dictionaries(st.sampled_from(KEYS), values))
def test_nonsense_raises_the_codec_s_error_alone(kind: str, value: object):
    try:
        found = decode(PAYLOADS[kind], value, kind)
    except CodecError:
        return
    assert decode(PAYLOADS[kind], encode(found), kind) == found


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        (RESTORE, {"damaged": "{"}, "unknown key 'damaged'"),
        (RESTORE, {"path": "/a", "face_id": 0, "options": {}}, "face_id must be int from 1, not 0"),
        (
            RESTORE,
            {"path": "/a", "face_id": 1, "options": {"strength": 2}},
            "strength must be float from 0 to 1, not 2",
        ),
        (RECONCILE, {"root_id": "1"}, "root_id must be int from 1, not '1'"),
        (CHANGES, {"root_id": 1}, "there is no 'paths'"),
        (EMBED, {}, "there is no 'face_id'"),
    ],
)
def test_a_payload_that_cannot_be_read_fails_its_job_for_good(kind: str, payload: dict[str, Any], said: str):
    app: Any = None  # it does not come to that
    with pytest.raises(JobFailedError) as e:
        HANDLERS[kind].run(app, payload, JobContext())
    assert e.value.reason.code == PAYLOAD_UNREADABLE
    assert said in str(e.value.reason.params["detail"])


def test_equal_requests_are_one_job_with_the_key_of_before(tx: Tx):
    root = tx.roots.add(Path("/lib")).id
    made = [
        (enqueue_restore(tx, Path("/a.jpg")), "/a.jpg"),
        (enqueue_restore(tx, Path("/a.jpg"), face_id=3, options=QueuedChoices(force=True)), "/a.jpg#3"),
        (enqueue_changes(tx, root, ["/lib/a"]), str(root)),
        (enqueue_again(tx, root, ["/lib/a"]), f"{root}/by hand"),
        (enqueue_reconcile(tx, root), str(root)),
        (enqueue_embed(tx, 9), "9"),
        (enqueue_nightly(tx), "nightly"),
    ]
    assert enqueue_measure(tx, priority=0) is None, "nothing is to be measured"
    assert [tx.jobs.get(job_id).dedupe for job_id, _ in made] == [key for _, key in made]
    assert enqueue_restore(tx, Path("/a.jpg")) == made[0][0]
    assert enqueue_changes(tx, root, ["/lib/b"]) == made[2][0]
    changes = payload_of(tx.jobs.get(made[2][0]), ChangesPayload)
    assert changes == ChangesPayload(root, ("/lib/a", "/lib/b"))
