"""Why something is as it is, as data: a code with typed parameters. Front ends find the words by the code alone.

A `Code` is declared once as a constant (`reason_codes.py` here, `plugin/reasons.py` for the application), and called to
make a `Reason`. Reasons are stored as JSON, `{"code": "low_quality", "params": {"quality": 0.2, "least": 0.35}}`, and
read back strictly in their shape; a code that only another release knows stays readable. docs/adr/0015-reasons.md.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType, UnionType
from typing import Any, SupportsFloat, SupportsIndex, TypeAlias, get_args

Value: TypeAlias = "str | int | float | bool | Reason | tuple[Value, ...] | None"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `params` are JSON scalars, other reasons, or tuples of these. Make it by calling its `Code`."""

    code: str
    params: Mapping[str, Value] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.code, frozenset(self.params.items())))  # a mapping has none of its own

    def as_json(self) -> dict[str, Any]:
        """`{"code", "params"}`; fractions are rounded to four digits."""
        return {"code": str(self.code), "params": {k: _out(v) for k, v in self.params.items()}}


class Code(str):
    """The name of one kind of reason, with the type of each parameter. It equals its name as it is stored."""

    params: Mapping[str, Any]

    def __new__(cls, name: str, /, **params: Any) -> "Code":
        """`params` are types that `isinstance` understands; a float may be given as a whole number."""
        code = super().__new__(cls, name)
        code.params = params
        return code

    def __call__(self, /, **values: Any) -> Reason:
        """Raises TypeError for a parameter that is missing, unknown, or of another type."""
        if values.keys() != self.params.keys():
            raise TypeError(f"the reason {self!s} takes {sorted(self.params)}, not {sorted(values)}")
        return Reason(self, {k: _checked(f"{self!s}.{k}", v, self.params[k]) for k, v in values.items()})


LEGACY = Code("legacy", text=str)
"""A sentence that a release before schema 0008 stored."""


def read_reason(value: object) -> Reason:
    """A reason out of its JSON. The code need not be known here. Raises ValueError for anything of another shape."""
    if not looks_like_reason(value):
        raise ValueError(f"no reason: {value!r}")
    return Reason(value["code"], {k: _in(v) for k, v in value["params"].items()})  # type: ignore[index]


def looks_like_reason(value: object) -> bool:
    """Whether a JSON value has the shape of a reason."""
    return (
        isinstance(value, dict)
        and value.keys() == {"code", "params"}
        and isinstance(value["code"], str)
        and isinstance(value["params"], dict)
    )


def from_json(value: object) -> Reason:
    """A reason out of a stored row, where one damaged value must not keep anybody from the rest: anything else is
    an old sentence."""
    try:
        return read_reason(value)
    except ValueError:
        return LEGACY(text=value if isinstance(value, str) else json.dumps(value, default=str))


def read_reasons(values: Iterable[object]) -> tuple[Reason, ...]:
    """Each of a stored list."""
    return tuple(map(from_json, values))


def to_text(reason: Reason) -> str:
    """For a column: JSON in ASCII, whatever a file's name holds."""
    return json.dumps(reason.as_json(), separators=(",", ":"), allow_nan=False)


def from_text(text: str | None) -> Reason | None:
    """Out of a column. A damaged one must not keep anybody from the rest: what is not a reason is an old sentence."""
    if text is None:
        return None
    try:
        return read_reason(json.loads(text))
    except (ValueError, RecursionError):
        return LEGACY(text=text)


def codes_in(module: ModuleType) -> frozenset[Code]:
    """The codes that a module declares."""
    return frozenset(v for v in vars(module).values() if isinstance(v, Code))


def _checked(name: str, value: Any, wanted: Any) -> Value:
    if isinstance(wanted, UnionType):  # X | None
        return None if value is None else _checked(name, value, get_args(wanted)[0])
    kinds = {int: SupportsIndex, float: SupportsFloat}  # those of NumPy too, and a whole number for a float
    if isinstance(value, bool) is not (wanted is bool) or not isinstance(value, kinds.get(wanted, wanted)):
        raise TypeError(f"{name} must be {wanted}, not {value!r}")
    return _storable(wanted(value) if wanted in kinds else value)


def _storable(value: Any) -> Value:
    """Texts quote file names, which may hold what no database stores."""
    if isinstance(value, str):
        return value.replace("\0", "\\x00").encode(errors="backslashreplace").decode()
    return tuple(map(_storable, value)) if isinstance(value, tuple) else value


def _out(value: Value) -> Any:
    if isinstance(value, Reason):
        return value.as_json()
    if isinstance(value, tuple):
        return [_out(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value


def _in(value: Any) -> Value:
    if isinstance(value, (list, tuple)):
        return tuple(map(_in, value))
    if isinstance(value, dict):
        return read_reason(value)
    return value  # type: ignore[no-any-return]
