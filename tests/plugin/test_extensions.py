"""Entry points of other packages: whatever is wrong with one, iconface works and doctor names it."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from iconface_core.extensions.exchange import NamedFace, NameSource
from plugin.extensions import NAME_SOURCES
from plugin.name_sources.registry import find_name_sources
from tests.support.library import Cli


def test_doctor_says_what_other_packages_add_and_what_is_wrong_with_it(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    info = tmp_path / "site" / "acme-3.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 3\n")
    groups = ("backends", "file_managers", "name_sources", "exporters")
    (info / "entry_points.txt").write_text("\n".join(f"[iconface.{g}]\nbad = acme_gone:THING" for g in groups))
    monkeypatch.syspath_prepend(tmp_path / "site")
    checks = [c for c in cli("doctor", code=5)["checks"] if c["check"] == "extension"]
    assert [c["ok"] for c in checks] == [False] * 4
    messages = "\n".join(c["message"] for c in checks)
    for group in groups:
        assert f"acme 3, bad (iconface.{group}): ModuleNotFoundError" in messages
    assert cli("people", "list")["people"], "and everything works"


class Sidecars:
    """A source of names as another package would write it."""

    name = "sidecars"
    title = "text files beside the photos"

    def read(self, photos: Any) -> Iterator[NamedFace]:
        for photo in photos:
            beside = photo.with_suffix(".txt")
            if beside.is_file():
                yield NamedFace(photo, beside.read_text().strip())


def test_a_source_of_names_is_found_and_one_without_a_method_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    module = type(sys)("acme_names")
    vars(module).update(good=Sidecars(), bad=object())
    monkeypatch.setitem(sys.modules, "acme_names", module)
    points = [EntryPoint(n, f"acme_names:{n}", NAME_SOURCES) for n in ("good", "bad")]
    [found], [problem] = find_name_sources(points)
    source: NameSource = found.value
    (tmp_path / "a.txt").write_text("Anna\n")
    photos = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    assert list(source.read(photos)) == [NamedFace(photos[0], "Anna")]
    assert (problem.name, problem.why) == ("bad", "it must have the text 'name'")
