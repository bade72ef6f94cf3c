"""Names for an Immich server, over a real connection to one that answers as Immich does."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gallery_db import Gallery
from plugin.exporters.immich import plan_export, write_export
from plugin.immich_server import ImmichServer, ServerError
from plugin.name_sources.immich import Immich
from plugin.people.importing import find_names, import_names
from tests.plugin.exporters.test_sidecars import put
from tests.support.immich import KEY, ImmichStandIn, immich_server
from tests.support.library import Cli
from tests.support.xmp_people import jpeg

SIZE = (40, 30)
CORNER, MIDDLE = (0, 0), (1, 1)
AT_CORNER, AT_MIDDLE = (1, 1, 12, 9), (14, 11, 26, 19)  # as the server found them, a little off


@pytest.fixture
def there() -> ImmichStandIn:
    return ImmichStandIn()


@pytest.fixture
def server(there: ImmichStandIn) -> Iterator[ImmichServer]:
    with immich_server(there) as address, closing(ImmichServer(address, KEY)) as server:
        yield server


def photo(gallery: Gallery, there: ImmichStandIn, path: Path, *names: str) -> str:
    """A photo here, with people in it, and there; its id there."""
    with jpeg(path, size=SIZE).open("ab") as file:
        file.write(path.name.encode())  # no two are copies
    put(gallery, path, list(zip((CORNER, MIDDLE), names, strict=False)))
    return there.asset(f"/usr/src/app/{path.parent.name}/{path.name}", path.stat().st_size)


def test_names_go_out_once_and_come_in_again(
    gallery: Gallery, there: ImmichStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, home: Path,
):  # fmt: skip
    both = photo(gallery, there, tmp_path / "trip" / "both.jpg", "Anna", "Ben")
    unseen = photo(gallery, there, tmp_path / "trip" / "unseen.jpg", "anna")
    there.face(both, AT_CORNER, SIZE, there.person(""))  # a group that nobody named
    there.face(both, AT_MIDDLE, SIZE, None)
    ben = there.person("BEN")
    there.face(there.asset("/elsewhere.jpg", 1), AT_CORNER, SIZE, ben)
    monkeypatch.setenv("IMMICH_API_KEY", KEY)
    cli = Cli(home, capsys)
    with immich_server(there) as address:
        tried = cli("export", "immich", address, "--dry-run")["export"]
        assert (tried["new"], tried["assigned"], tried["added"], tried["written"]) == (["Anna"], 2, 1, None)
        assert there.writes == []
        done = cli("export", "immich", address)["export"]["written"]
        assert (done["created"], done["assigned"], done["added"], done["refused"]) == (1, 2, 1, [])
        assert (there.names_in(both), there.names_in(unseen)) == (["Anna", "BEN"], ["Anna"])

        written = list(there.writes)
        again = cli("export", "immich", address)["export"]
        assert (again["known"], again["new"], again["written"], there.writes) == (3, [], None, written)
        back = import_names(gallery, find_names(gallery, Immich(address, KEY)), dry_run=True).plan
        assert (back.people, back.conflicts, back.known) == ((), (), 3)


def test_what_somebody_decided_there_stays_and_is_told(
    gallery: Gallery, there: ImmichStandIn, server: ImmichServer, tmp_path: Path
):
    named = photo(gallery, there, tmp_path / "a" / "named.jpg", "Anna")
    hidden = photo(gallery, there, tmp_path / "a" / "hidden.jpg", "Anna")
    twice = photo(gallery, there, tmp_path / "a" / "twice.jpg", "Anna")
    photo(gallery, there, tmp_path / "a" / "twins.jpg", "Cleo")
    there.face(named, AT_CORNER, SIZE, there.person("Carla"))
    there.face(hidden, AT_CORNER, SIZE, there.person("", isHidden=True))
    there.face(twice, AT_MIDDLE, SIZE, there.person("Anna"))
    for _ in range(2):
        there.face(there.asset("/elsewhere.jpg", 1), AT_CORNER, SIZE, there.person("Cleo"))
    plan = plan_export(gallery, server)
    assert plan.empty
    assert {(c.photo.stem, c.name, c.why, c.other) for c in plan.conflicts} == {
        ("named", "Anna", "other_name", "Carla"),
        ("hidden", "Anna", "hidden", None),
        ("twice", "Anna", "elsewhere_in_photo", None),
        ("twins", "Cleo", "several_people", None),
    }


def test_a_photo_is_known_by_its_path_its_name_or_what_is_in_it_and_never_guessed(
    gallery: Gallery, there: ImmichStandIn, server: ImmichServer, tmp_path: Path
):
    folder = tmp_path / "a"
    photo(gallery, there, folder / "renamed.jpg", "Anna")
    *_, renamed = there.assets.values()
    digest = hashlib.sha1((folder / "renamed.jpg").read_bytes(), usedforsecurity=False).digest()
    renamed |= {"originalPath": "/upload/2020/x.jpg", "checksum": base64.b64encode(digest).decode()}
    for name, theirs in (
        ("edited", {"isEdited": True}),
        ("shared", {"ownerId": "a friend"}),
        ("other", {"exifInfo": {"fileSizeInByte": 7}, "originalPath": "/b/other.jpg"}),
    ):
        photo(gallery, there, folder / f"{name}.jpg", "Anna")
        there.assets[max(there.assets)] |= theirs
    plan = plan_export(gallery, server)
    assert [written.path.stem for _, written, _ in plan.photos] == ["renamed"]
    assert [p.stem for p in plan.edited] == ["edited"]
    assert sorted(p.stem for p in plan.absent) == ["other", "shared"]


def test_what_changes_there_meanwhile_or_is_refused_is_left_and_the_rest_is_written(
    gallery: Gallery, there: ImmichStandIn, server: ImmichServer, tmp_path: Path
):
    changed = photo(gallery, there, tmp_path / "a" / "changed.jpg", "Anna")
    refused = photo(gallery, there, tmp_path / "a" / "refused.jpg", "Anna")
    fine = photo(gallery, there, tmp_path / "a" / "fine.jpg", "Anna")
    face = there.face(changed, AT_CORNER, SIZE, None)
    left = there.person("Anna")  # an export that was killed left her without a face
    plan = plan_export(gallery, server)
    there.faces[face]["personId"] = there.person("Carla")
    there.refuses.add(refused)
    done = write_export(server, plan)
    assert (done.changed, done.created, done.assigned, done.added) == (1, 0, 0, 1)
    assert [(r.photo.stem, "400" in r.why) for r in done.refused] == [("refused", True)]
    assert (there.names_in(changed), there.names_in(fine)) == (["Carla"], ["Anna"])
    assert [p["id"] for p in there.people.values() if p["name"] == "Anna"] == [left]


def test_a_server_that_goes_away_says_how_far_it_came(gallery: Gallery, there: ImmichStandIn, tmp_path: Path):
    photo(gallery, there, tmp_path / "a" / "a.jpg", "Anna")
    with immich_server(there) as address, closing(ImmichServer(address, KEY)) as server:
        plan = plan_export(gallery, server)
    with pytest.raises(ServerError, match=r"does not answer.*0 faces were written; do it again"):
        write_export(server, plan)
