"""A mapping (from JSON or TOML) into a frozen dataclass: unknown keys and wrong types are errors that name the key."""

import types
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read_dataclass(cls: type[T], data: Any, where: str) -> T:
    """Build `cls` from `data`; missing keys take their defaults, nested dataclasses are nested tables.

    Understood field types: bool, int, float (a whole number will do), str, Literal, tuple of those, `X | None` and
    dataclasses. Raises ValueError, starting with `where` and the path of the key.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{where} must be a table, not {data!r}")
    hints = get_type_hints(cls)
    names = {f.name for f in fields(cast(Any, cls)) if f.init}
    unknown = sorted(set(data) - names)
    if unknown:
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(names))}")
    values = {name: _value(hints[name], data[name], f"{where}.{name}") for name in names if name in data}
    try:
        return cls(**values)
    except TypeError as e:  # a key without default is missing
        raise ValueError(f"{where}: {str(e).partition('() ')[2]}") from e
    except ValueError as e:
        raise ValueError(f"{where}: {e}") from e


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = [a for a in arguments if a is not type(None)]
        return None if value is None else _value(inner[0], value, where)
    if is_dataclass(hint):
        return read_dataclass(cast("type[Any]", hint), value, where)
    if origin is Literal:
        if isinstance(value, bool) or value not in arguments:
            raise ValueError(f"{where} must be one of {', '.join(map(repr, arguments))}, not {value!r}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list, not {value!r}")
        return tuple(_value(arguments[0], v, f"{where}[{i}]") for i, v in enumerate(value))
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise ValueError(f"{where} must be {hint.__name__}, not {value!r}")
    return value
