"""Reasons in the rows that commands print: the words for people, and beside them what they say for programs."""

from collections.abc import Mapping
from typing import Any

from iconface_core.reasons import Reason, from_json, looks_like_reason

from ..reason_words import in_words


def said(value: Any) -> Any:
    """The words of a reason, also of one as JSON; anything else as it is."""
    if isinstance(value, Reason):
        return in_words(value)
    return in_words(from_json(value)) if looks_like_reason(value) else value


def with_words(value: Any) -> Any:
    """Rows for JSON: a key that holds a reason, or reasons, gets the words, and a twin KEY_data what they say."""
    if isinstance(value, Mapping):
        out: dict[str, Any] = {}
        for key, held in value.items():
            out[key] = _said(held)
            if _holds_reasons(held):
                out[f"{key}_data"] = _data(held)
        return out
    if isinstance(value, (list, tuple)):
        return [with_words(v) for v in value]
    return value


def _is_reason(value: Any) -> bool:
    return isinstance(value, Reason) or looks_like_reason(value)


def _holds_reasons(value: Any) -> bool:
    """Whether a value is a reason, a list of reasons, or a mapping to reasons."""
    if _is_reason(value):
        return True
    if isinstance(value, Mapping):
        return bool(value) and all(map(_is_reason, value.values()))
    return isinstance(value, (list, tuple)) and bool(value) and all(map(_is_reason, value))


def _said(value: Any) -> Any:
    if isinstance(value, Mapping) and not _is_reason(value) and _holds_reasons(value):
        return {k: said(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and _holds_reasons(value):
        return [said(v) for v in value]
    return said(value) if _is_reason(value) else with_words(value)


def _data(value: Any) -> Any:
    if isinstance(value, Reason):
        return value.as_json()
    if looks_like_reason(value):
        return value
    return {k: _data(v) for k, v in value.items()} if isinstance(value, Mapping) else [_data(v) for v in value]
