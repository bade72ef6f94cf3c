"""Questions to the service over its socket: who may ask, and what a broken question does."""

import os
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.codec import CodecError, JsonObject, decode_json, encode_json
from plugin.service.control import AT_ONCE, PORT, SOCKET, ControlServer, Request, ask

values = (
    st.none() | st.booleans() | st.integers() | st.text() | st.just("\ud800") | st.lists(st.integers(), max_size=2)
    | st.sampled_from(["ping", "web", "pause"])
)  # fmt: skip


def answer(request: Request) -> JsonObject:
    if request.command == "web":
        raise RuntimeError("a bug")
    if request.command != "ping":
        raise ValueError(f"no {request.command} here")
    return {"ok": True, "got": request.kind}


@pytest.fixture(params=["unix", "long name", "loopback"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / ("run" if request.param != "long name" else "x" * 120)
    server = ControlServer(folder, answer, loopback=request.param == "loopback")
    yield folder
    server.close()
    assert ask(folder, "ping") is None
    assert list(folder.iterdir()) == [], "nothing is left behind"


def test_questions_and_answers(runtime: Path):
    assert ask(runtime, "ping", kind="ü\udcfc'\"\n") == {"ok": True, "got": "ü\udcfc'\"\n"}
    assert ask(runtime, "pause") == {"error": "no pause here"}
    unknown: Any = "sing"
    known = "'pause', 'ping', 'restart', 'resume', 'status', 'stop', 'wake', 'web'"
    assert ask(runtime, unknown) == {"error": f"request: command must be one of {known}, not 'sing'"}
    assert ask(runtime, "web") == {"error": "RuntimeError: a bug"}
    assert ask(runtime, "ping") is not None, "it lives on"


def test_only_the_user_may_ask(runtime: Path):
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
    for file in runtime.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_rubbish_is_answered(tmp_path: Path):
    server = ControlServer(tmp_path, answer)
    lines = (
        b"",
        b"[1]",
        b"{\xff}",
        b"x" * 100_000,
        b"[" * 60_000,
        b'{"command": "ping", "more": 1}',
        b'{"command": 1}',
    )
    for rubbish in (line + b"\n" for line in lines):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.fspath(tmp_path / SOCKET))
            s.sendall(rubbish)
            assert b"error" in s.recv(4096)
    assert ask(tmp_path, "ping") is not None, "it lives on"
    server.close()


@given(st.binary() | st.dictionaries(st.sampled_from(["command", "kind", "port", "secret"]), values).map(dumps))
def test_a_line_is_a_request_or_the_codec_s_error(line: bytes | str):
    with suppress(CodecError):
        found = decode_json(Request, line, "request")
        assert decode_json(Request, encode_json(found), "again") == found


def test_who_says_nothing_or_half_a_line_keeps_nobody_waiting(tmp_path: Path):
    server = ControlServer(tmp_path, answer)
    with ExitStack() as stack:
        for n in range(AT_ONCE - 1):
            s = stack.enter_context(socket.socket(socket.AF_UNIX))
            s.connect(os.fspath(tmp_path / SOCKET))
            s.sendall(b'{"comm' * (n % 2))
        # One after the other, each would take its two seconds.
        assert ask(tmp_path, "ping", timeout_s=20) == {"ok": True, "got": None}
        assert b"no end" in s.recv(4096), "it was told why"
    assert ask(tmp_path, "ping") is not None
    server.close()


def test_more_at_once_than_there_is_room_for_are_all_answered(tmp_path: Path):
    server = ControlServer(tmp_path, answer)
    with ThreadPoolExecutor(3 * AT_ONCE) as pool:
        got = list(pool.map(lambda n: ask(tmp_path, "ping", timeout_s=60, kind=str(n)), range(6 * AT_ONCE)))
    assert [g and g["got"] for g in got] == [str(n) for n in range(6 * AT_ONCE)]
    server.close()


def test_a_long_answer_arrives_whole(tmp_path: Path):
    """The state of a library of many folders."""
    server = ControlServer(tmp_path, lambda _: {"roots": ["x" * 100] * 5000})
    assert len((ask(tmp_path, "status", timeout_s=20) or {})["roots"]) == 5000
    server.close()


def test_a_stale_socket_is_no_service_and_in_nobodys_way(tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(os.fspath(tmp_path / SOCKET))  # left by a process that was killed
    (tmp_path / PORT).write_text("{broken")
    assert ask(tmp_path, "ping") is None
    server = ControlServer(tmp_path, answer)
    assert ask(tmp_path, "ping") is not None
    server.close()


def test_the_loopback_port_wants_its_secret(tmp_path: Path):
    server = ControlServer(tmp_path, answer, loopback=True)
    where = tmp_path / PORT
    where.write_text(dumps({**loads(where.read_text()), "secret": "another"}))
    assert ask(tmp_path, "ping") == {"error": "wrong secret"}
    server.close()


def test_no_service(tmp_path: Path):
    assert ask(tmp_path / "nowhere", "ping") is None
