"""Thunar (Xfce): one action among the user's own in `uca.xml`. Every other byte of that file stays as it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from ..installed_files.changes import FileChange, IntegrationError, planned, read
from ..installed_files.command import Argv, shell
from ..installed_files.own_files import COMMENT, ICON, LABEL, MARKER, UserFolders, on_path
from ..languages import in_every_language

_EMPTY = b'<?xml version="1.0" encoding="UTF-8"?>\n<actions>\n</actions>\n'

_ACTION = """\
<action>
\t<icon>{icon}</icon>
\t<name>{label}</name>{labels}
\t<submenu></submenu>
\t<unique-id>{marker}</unique-id>
\t<command>{command}</command>
\t<description>{comment}</description>{comments}
\t<range>*</range>
\t<patterns>*</patterns>
\t<image-files/>
</action>
"""

_ELEMENT = re.compile(rb"<action\s*>.*?</action\s*>[ \t]*\n?", re.DOTALL)
_ID = re.compile(rb"<unique-id\s*>\s*" + MARKER.encode() + rb"\s*</unique-id\s*>")
_NOT_ELEMENTS = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


def _translated(element: str, words: str) -> str:
    """The same element in every language: Thunar takes the one of its user."""
    said = in_every_language(words).items()
    return "".join(f'\n\t<{element} xml:lang="{code}">{escape(text)}</{element}>' for code, text in said)


@dataclass(frozen=True)
class Thunar:
    """Cuts our action out of the text and puts it in, and checks by parsing that the others are the same as before."""

    places: UserFolders
    command: Argv
    name: str = "thunar"
    title: str = "Thunar"
    hint: str = "close Thunar: thunar -q"

    def available(self) -> bool:
        return on_path("thunar")()

    def plan(self, *, wanted: bool) -> list[FileChange]:
        path = self.places.config / "Thunar" / "uca.xml"
        start, present = self._default(), read(path)
        if present is None and not wanted:
            return []
        before = start if present is None else present
        others = _others(path, before)
        after = without_ours(before)
        if wanted:
            after = with_action(after, self._action())
        # Read back as Thunar will: in a file of another encoding the command might say something else.
        if _others(path, after) != others or _commands(path, after) != ([self._command()] if wanted else []):
            raise IntegrationError(f"{path} is written in a way we cannot add to; add the action in Thunar by hand")
        if not wanted and after == before:
            return []
        # A file that only our entry made necessary goes with it: Thunar then shows the system's actions again. A link
        # is the user's own.
        needless = not wanted and after == start and not path.is_symlink()
        return [planned(path, None if needless else after, keep=True)]

    def finish(self, *, wanted: bool) -> None:
        pass

    def _command(self) -> str:
        return shell(self.command).replace("%", "%%") + " %F"

    def _action(self) -> bytes:
        text = _ACTION.format(
            icon=ICON,
            label=LABEL,
            labels=_translated("name", LABEL),
            marker=MARKER,
            command=escape(self._command()),
            comment=COMMENT,
            comments=_translated("description", COMMENT),
        )
        return text.encode()

    def _default(self) -> bytes:
        """What Thunar shows to users without a file of their own. With one, it reads only that."""
        for folder in self.places.system:
            found = read(folder / "Thunar" / "uca.xml")
            if found is not None:
                return found
        return _EMPTY


def with_action(content: bytes, action: bytes) -> bytes:
    """`content` with `action` as its last one."""
    end = _visible(content).rfind(b"</actions")
    if end < 0:  # <actions/>
        return re.sub(rb"<actions\s*/>", lambda _: b"<actions>\n" + action + b"</actions>", content, count=1)
    return content[:end] + action + content[end:]


def without_ours(content: bytes) -> bytes:
    """`content` without every action that carries our id."""
    for match in reversed(list(_ELEMENT.finditer(_visible(content)))):
        if _ID.search(match.group()):
            content = content[: match.start()] + content[match.end() :]
    return content


def _visible(content: bytes) -> bytes:
    """The same text, with what is not an element blanked out: a comment may hold an old action."""
    return _NOT_ELEMENTS.sub(lambda m: b" " * len(m.group()), content)


def _actions(path: Path, content: bytes) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as e:
        raise IntegrationError(f"{path} is not valid XML ({e}); repair it or move it away, then try again") from e
    for action in root.iter("action"):
        yield action.findtext("unique-id", "").strip(), [(e.tag, (e.text or "").strip()) for e in action]


def _others(path: Path, content: bytes) -> list[list[tuple[str, str]]]:
    return [fields for unique_id, fields in _actions(path, content) if unique_id != MARKER]


def _commands(path: Path, content: bytes) -> list[str]:
    """Of our own actions."""
    return [dict(fields).get("command", "") for unique_id, fields in _actions(path, content) if unique_id == MARKER]
