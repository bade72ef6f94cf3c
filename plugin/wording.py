"""From a reason to words, by a table: `reason_words.py` of the command line, `plain_words.py` of the others."""

from collections.abc import Callable, Mapping
from typing import Any

from iconface_core.reasons import Reason

from .languages import _

Words = Mapping[str, str | Callable[..., str]]


def worded(reason: Reason, words: Words) -> str:
    """The words of a reason, out of a table. Reasons among its parameters are worded first. One that no table knows, or
    that has other parameters than this release gives it, was written by a newer release: then its code is shown."""
    values = {k: _worded(v, words) for k, v in reason.params.items()}
    made = words.get(reason.code)
    try:
        if made is not None:
            return _(made, **values) if isinstance(made, str) else made(**values)
    except (KeyError, TypeError, ValueError):
        pass
    return _("{code} (a newer release says more)", code=reason.code)


def _worded(value: Any, words: Words) -> Any:
    if isinstance(value, Reason):
        return worded(value, words)
    return [_worded(v, words) for v in value] if isinstance(value, tuple) else value
