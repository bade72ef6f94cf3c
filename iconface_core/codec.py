"""The one strict codec: values of JSON or TOML into our types, and back. What does not fit is refused by name.

A type is a `msgspec.Struct` or a dataclass; ranges stand in it as `Annotated[int, Meta(ge=0)]`, choices as `Literal`.
An unknown key is an error in a dataclass, and in a Struct with `forbid_unknown_fields`. Text goes through the standard
library: a file name that is not UTF-8 travels as escapes of its stray bytes, which msgspec's own parser refuses
(docs/adr/0017-codec.md).
"""

import json
import reprlib
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

JsonObject: TypeAlias = dict[str, Any]
"""An object of JSON for whoever prints or stores it; nothing is decided by what it holds."""


class CodecError(ValueError):
    """A value is not what its type says. The message names where it is from, the key, and what is allowed."""


def decode(cls: type[T], value: object, where: str) -> T:
    """Build `cls` from values of JSON or TOML. Missing keys take their defaults; a whole number will do for a float.

    Raises CodecError, which begins with `where`.
    """
    try:
        found = msgspec.convert(value, cls, dec_hook=_to_path)
    except (msgspec.ValidationError, UnicodeEncodeError) as e:  # stray bytes where no text belongs
        raise CodecError(_explained(cls, value, where, str(e))) from e
    if is_dataclass(cls) and (unknown := _unknown(cls, value)):  # msgspec itself minds a Struct's only
        raise CodecError(f"{where}{unknown}")
    return found


def decode_json(cls: type[T], text: str | bytes, where: str) -> T:
    """The same from the text of a JSON document. Raises CodecError."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as e:  # no JSON, not even text, or nested without end
        raise CodecError(f"{where} is not valid JSON ({e})") from e
    return decode(cls, value, where)


def encode(value: object) -> Any:
    """The values of JSON that `decode` makes the same of; a path becomes text."""
    return msgspec.to_builtins(value, enc_hook=str)


def encode_json(value: object, *, indent: int | None = None) -> str:
    """The same as the text of a JSON document, in ASCII. Raises ValueError for a number that JSON lacks."""
    separators = (",", ":") if indent is None else None
    return json.dumps(encode(value), indent=indent, separators=separators, allow_nan=False)


def _to_path(cls: type[Any], value: object) -> Path:
    if cls is not Path or not isinstance(value, str):
        raise TypeError("Expected a path")
    return Path(value)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _explained(cls: Any, value: object, where: str, message: str) -> str:
    """What msgspec says, with the value and with all that is allowed in its place."""
    if unknown := _unknown(cls, value):
        return f"{where}{unknown}"
    what, _, at = message.partition(" - at `$")
    key = at.rstrip("`")
    place = f"{where}: {key.lstrip('.')}" if key else where
    if what.startswith(("Expected", "Invalid enum value")):
        for where_it_is, info, found in _parts(_info(cls), value):
            if where_it_is == key and (allowed := _allowed(info)):
                return f"{place} must be {allowed}, not {reprlib.repr(found)}"
    return f"{place}: {what.replace('Object missing required field', 'there is no').replace('`', chr(39))}"


def _unknown(cls: Any, value: object) -> str:
    """The first key that no field has, with those that there are; empty when all are known."""
    for key, info, found in _parts(_info(cls), value):
        strict = info.forbid_unknown_fields if isinstance(info, inspect.StructType) else True
        if isinstance(info, inspect.StructType | inspect.DataclassType) and strict and isinstance(found, dict):
            names = {f.encode_name for f in info.fields}
            if unknown := sorted(map(str, found.keys() - names)):
                at = f" {key.lstrip('.')}:" if key else ""
                return f":{at} unknown key {unknown[0]!r}; known are {', '.join(sorted(names))}"
    return ""


@cache  # a pack asks for each of its thousands of faces
def _info(cls: Any) -> inspect.Type:
    return inspect.type_info(cls)


def _parts(info: inspect.Type, value: object, key: str = "") -> Iterator[tuple[str, inspect.Type, object]]:
    """A value and all that is in it, with what its type says; keys as msgspec writes them (`.model.widths[0]`)."""
    yield key, info, value
    match info:
        case inspect.UnionType(types=types):
            for t in types:
                yield from _parts(t, value, key)
        case inspect.StructType() | inspect.DataclassType() if isinstance(value, dict):
            for f in info.fields:
                if f.encode_name in value:
                    yield from _parts(f.type, value[f.encode_name], f"{key}.{f.encode_name}")
        case inspect.VarTupleType(item_type=item) if isinstance(value, list | tuple):
            for n, v in enumerate(value):
                yield from _parts(item, v, f"{key}[{n}]")
        case inspect.TupleType(item_types=items) if isinstance(value, list | tuple):
            for n, (t, v) in enumerate(zip(items, value, strict=False)):
                yield from _parts(t, v, f"{key}[{n}]")


def _allowed(info: inspect.Type) -> str:
    """What may stand in a place, as people who write such a file say it."""
    match info:
        case inspect.UnionType(types=types):
            return " or ".join(filter(None, map(_allowed, types)))
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(repr, values))}"
        case inspect.IntType(ge=least, le=most) | inspect.FloatType(ge=least, le=most):
            kind = "int" if isinstance(info, inspect.IntType) else "float"
            bounds = [f"{word} {bound:g}" for word, bound in (("from", least), ("to", most)) if bound is not None]
            return " ".join([kind, *bounds])
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            return "text"
        case inspect.CustomType():
            return "a path"
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)}"
        case inspect.VarTupleType():
            return "a list"
        case inspect.StructType() | inspect.DataclassType():
            return "a table"
    return ""
