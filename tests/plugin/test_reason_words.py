"""Every reason has words in every front end, found by its code alone; nobody reads words back."""

import ast
import re
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery_db.records import said as what_was_decided
from iconface_core import reason_codes
from iconface_core.reasons import LEGACY, Code, Reason, codes_in, read_reason
from plugin import reasons
from plugin.cli.json_words import with_words
from plugin.core_reason_words import REFUSED_FACES
from plugin.notifications.plain import plain
from plugin.reason_words import WORDS, in_words
from plugin.web.words.reasons import ADVICE, HELPS, advice, helps, in_numbers, on_page

MODULES = (reason_codes, reasons, what_was_decided)
CODES = sorted(frozenset().union(*map(codes_in, MODULES)) | {LEGACY})


def any_value(kind: Any) -> Any:
    """A parameter of this type."""
    if isinstance(kind, UnionType):
        return any_value(get_args(kind)[0])
    return {int: 3, float: 0.5, str: "something", bool: True, tuple: (), Reason: LEGACY(text="something")}[kind]


def any_of(code: Code) -> Reason:
    return code(**{name: any_value(kind) for name, kind in code.params.items()})


def test_no_code_is_given_twice():
    every = [v for module in MODULES for v in vars(module).values() if isinstance(v, Code)]
    assert len({str(c) for c in every}) == len(set(map(id, every)))


def test_every_code_has_words_and_no_words_are_left_over():
    assert set(WORDS) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_front_end_finds_its_words(code: Code):
    reason = any_of(code)
    for said in (in_words(reason), on_page(reason), plain(reason)):
        assert "newer release" not in said, "the words take other parameters than the code has"
        assert said or code == reasons.SCANNED or code == reasons.PROPOSED, (
            "made of parts, of which there are none here"
        )
    # As it comes back from storage: the words depend on nothing but the code.
    again = read_reason(reason.as_json())
    assert type(again.code) is str
    assert (in_words(again), on_page(again), plain(again)) == (in_words(reason), on_page(reason), plain(reason))


@pytest.mark.parametrize("code", CODES)
def test_windows_and_notifications_send_nobody_to_a_terminal(code: Code):
    for said in (on_page(any_of(code)), plain(any_of(code))):
        assert "iconface " not in said
        assert "--" not in said


@pytest.mark.parametrize(
    "code", sorted(set(CODES) - set(HELPS))
)  # what speaks for a reference has its numbers in Details
def test_windows_and_notifications_measure_nothing(code: Code):
    for said in (on_page(any_of(code)), plain(any_of(code))):
        assert not re.search(r"\d\.\d|of 255|of 1\b|\d %|similarity|degradation|\bpx\b", said), said


@pytest.mark.parametrize("code", CODES)
def test_every_failure_has_a_way_out(code: Code):
    assert advice(any_of(code)).endswith(".")
    assert set(ADVICE) <= set(CODES)


def test_what_speaks_for_a_reference_is_shown():
    for_references = [
        *(reasons.YOU_CHOSE_IT, reasons.YOU_GAVE_IT, reason_codes.CONFIRMED, reason_codes.NOT_CONFIRMED),
        *(reason_codes.ONLY_FACE, reason_codes.LIKENESS, reason_codes.POSE, reason_codes.QUALITY),
        *(reason_codes.FACE_SIZE, reason_codes.YEARS_APART, reason_codes.LOOKS_AGED, reason_codes.DATE_UNKNOWN, LEGACY),
    ]
    assert set(HELPS) == set(for_references)
    assert "newer release" not in " ".join(helps(map(any_of, for_references)))
    assert len(in_numbers(map(any_of, for_references))) == len(for_references) - 1


def test_every_refusal_can_be_counted_in_words():
    from iconface_core.identity.references import Refusal

    assert set(REFUSED_FACES) == set(Refusal)


@given(st.text(min_size=1), st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_a_newer_releases_reason_is_shown_by_its_code(code: str, params: dict[str, Any]):
    reason = Reason(code, params)
    if code not in WORDS:
        assert code in in_words(reason)
    for said in (in_words(reason), on_page(reason), plain(reason), advice(reason)):
        assert isinstance(said, str)


def test_other_parameters_than_ours_are_no_error():
    assert "newer release" in in_words(Reason("low_quality", {"blur": 3}))


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.9999, "over 99.9 %"), (0.996, "99.6 %"), (0.61, "61 %"), (0.004, "0.4 %"), (0.0001, "under 0.1 %")],
)
def test_what_is_only_likely_is_never_called_certain(probability: float, text: str):
    assert in_words(reason_codes.LIKELY(person=1, name="Ada", posterior=probability)) == f"Ada ({text})"


def test_rows_get_words_beside_what_they_say():
    noisy = reason_codes.NOISY(noise=9)
    row = {
        "reason": noisy,
        "reasons": [noisy.as_json()],
        "failed": {"/a": noisy},
        "none": [],
        "n": 3,
        "deep": [{"why": noisy}],
    }
    said, data = "noisy (about 9 of 255)", noisy.as_json()
    assert with_words(row) == {
        "reason": said,
        "reason_data": data,
        "reasons": [said],
        "reasons_data": [data],
        "failed": {"/a": said},
        "failed_data": {"/a": data},
        "none": [],
        "n": 3,
        "deep": [{"why": said, "why_data": data}],
    }


READERS = {
    "startswith",
    "endswith",
    "removeprefix",
    "removesuffix",
    "partition",
    "rpartition",
    "split",
    "find",
    "casefold",
}
HOLDERS = {"reason", "skipped", "error", "why", "summary", "failure", "references_note"}
"""Names of what holds a reason, or did as a sentence."""

WORDED = {"in_words", "worded", "on_page", "all_in_words"}


def readings(path: Path) -> list[str]:
    """Where a file looks into the words of a reason: a text method, a regular expression or `in` on one."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        looked_at: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            blanks = node.func.attr == "split" and not node.args  # white space only
            if node.func.attr in READERS and not blanks:
                looked_at = [of]
            elif isinstance(of, ast.Name) and of.id == "re":
                looked_at = node.args
        elif isinstance(node, ast.Compare) and any(isinstance(op, (ast.In, ast.NotIn)) for op in node.ops):
            looked_at = node.comparators
        found += [f"{path}:{e.lineno}: {ast.unparse(e)}" for e in looked_at if _is_words(e)]
    return found


def _is_words(e: ast.expr) -> bool:
    """`x.reason`, `reason`, `x.reason or ""`, `str(error)`, `row["skipped_reason"]`, `in_words(...)`."""
    match e:
        case ast.Name(id=name):
            return name in HOLDERS - {"skipped"}  # numbers of faces, elsewhere
        case ast.Attribute(attr=name):
            return name in HOLDERS
        case ast.BoolOp(values=[first, *_]):
            return _is_words(first)
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key.endswith(("reason", "reasons", "_note"))
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return _is_words(inner) or (isinstance(inner, ast.Name) and inner.id in ("e", "error"))
        case ast.Call(func=ast.Name(id=name)):
            return name in WORDED
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(key)), *_]):
            return key.endswith(("reason", "reasons", "_note"))
    return False


ROOT = Path(__file__).parents[2]
EXCUSED = {
    "gallery_db/database/connection.py",  # SQLite has one error for a busy database and for others
    "gallery_db/database/sqlite.py",  # what SQLite says of a full disk or a damaged file comes as text
    "iconface_core/codec.py",  # msgspec says in its message alone where it was
    "iconface_core/training/loop/train_config.py",  # the same, with the file's name before them
    "plugin/service/control.py",  # the system's words for a name that is too long
}


def test_nobody_reads_the_words_of_a_reason():
    files = [p for package in ("iconface_core", "gallery_db", "plugin") for p in (ROOT / package).rglob("*.py")]
    assert len(files) > 400
    checked = [p for p in files if p.relative_to(ROOT).as_posix() not in EXCUSED]
    assert [place for p in checked for place in readings(p)] == []


@pytest.mark.parametrize(
    "line",
    [
        'if "no face" in (job.error or ""): pass',
        'if photo.reason.startswith("x"): pass',
        'found = re.search(r"undo (\\d+)", str(e))',
        'kind = reason.partition(" (")[0]',
        'x = row["skipped_reason"].casefold()',
        'if "later" in in_words(reason): pass',
    ],
)
def test_the_check_sees_what_was_done_before(tmp_path: Path, line: str):
    (tmp_path / "a.py").write_text(line)
    assert len(readings(tmp_path / "a.py")) == 1
