"""Databases of other programs: small ones of the same form, and a real library of Apple Photos."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from iconface_core.extensions.exchange import NamedFace
from plugin.name_sources.apple_photos import ApplePhotos
from plugin.name_sources.copied_database import DatabaseUnreadableError
from plugin.name_sources.digikam import DigiKam
from plugin.name_sources.iphoto import IPhoto
from plugin.name_sources.lightroom import Lightroom
from tests.support.library import tree_hash
from tests.support.narrow import present
from tests.support.xmp_people import jpeg

_DIGIKAM = """
CREATE TABLE AlbumRoots (id INTEGER, identifier TEXT, specificPath TEXT);
CREATE TABLE Albums (id INTEGER, albumRoot INTEGER, relativePath TEXT);
CREATE TABLE Images (id INTEGER, album INTEGER, name TEXT, fileSize INTEGER);
CREATE TABLE ImageInformation (imageid INTEGER, width INTEGER, height INTEGER, orientation INTEGER);
CREATE TABLE Tags (id INTEGER, name TEXT);
CREATE TABLE TagProperties (tagid INTEGER, property TEXT, value TEXT);
CREATE TABLE ImageTagProperties (imageid INTEGER, tagid INTEGER, property TEXT, value TEXT);
INSERT INTO Albums VALUES (1, 1, '/trip');
INSERT INTO Tags VALUES (1, 'Anna'), (2, 'Unknown'), (3, 'Ignored');
INSERT INTO TagProperties VALUES (1, 'person', 'Anna'), (2, 'unknownPerson', ''), (3, 'ignoredPerson', '');
INSERT INTO ImageTagProperties VALUES
  (1, 1, 'tagRegion', '<rect x="4" y="6" width="8" height="9"/>'),
  (1, 2, 'tagRegion', '<rect x="20" y="6" width="8" height="9"/>'),
  (1, 3, 'tagRegion', '<rect x="20" y="15" width="8" height="9"/>'),
  (1, 1, 'autodetectedFace', '<rect x="1" y="1" width="2" height="2"/>'),
  (1, 1, 'tagRegion', 'nonsense'),
  (2, 1, 'tagRegion', '<rect x="3" y="4" width="6" height="8"/>');
"""


@pytest.fixture
def digikam(tmp_path: Path) -> Path:
    file = tmp_path / "digikam4.db"
    for name, orientation in (("a.jpg", 1), ("b.jpg", 6)):
        jpeg(tmp_path / "pictures" / "trip" / name, orientation=orientation)
    with writing(file) as db:
        db.executescript(_DIGIKAM)
        db.execute("INSERT INTO AlbumRoots VALUES (1, ?, '/pictures')", (f"volumeid:?path={tmp_path}",))
        for i, (name, orientation) in enumerate((("a.jpg", 1), ("b.jpg", 6)), 1):
            size = (tmp_path / "pictures" / "trip" / name).stat().st_size
            db.execute("INSERT INTO Images VALUES (?, 1, ?, ?)", (i, name, size))
            db.execute("INSERT INTO ImageInformation VALUES (?, 40, 30, ?)", (i, orientation))
    return file


@contextmanager
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file)) as db, db:
        yield db


def photos(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.jpg"))


def test_digikam_knows_people_and_whom_to_leave_out(digikam: Path, tmp_path: Path):
    a, b = photos(tmp_path)
    anna, ignored, turned = (n for n in DigiKam(digikam).read([a, b]) if isinstance(n, NamedFace))
    assert (anna.photo, anna.name, anna.standing) == (a, "Anna", "shown")
    assert pytest.approx(present(anna.region)) == (0.1, 0.2, 0.2, 0.3)
    assert (ignored.name, ignored.standing) == ("", "ignored")
    assert (turned.photo, turned.name) == (b, "Anna")
    assert pytest.approx(present(turned.region)) == (0.1, 0.1, 0.2, 0.2)  # 30 x 40 upright
    assert turned.otherwise is not None
    assert list(DigiKam(tmp_path).read([a, b])) == [anna, ignored, turned]  # the folder it is in


def test_a_running_program_is_not_waited_for_and_its_folder_not_touched(digikam: Path, tmp_path: Path):
    with closing(sqlite3.connect(digikam, isolation_level=None)) as running:
        running.execute("PRAGMA journal_mode=WAL")
        running.execute("UPDATE Tags SET name = 'Anna B.' WHERE id = 1")  # only in the -wal as yet
        running.execute("BEGIN IMMEDIATE")
        running.execute("UPDATE Tags SET name = 'Half done' WHERE id = 1")
        before = tree_hash(tmp_path)
        names = {n.name for n in DigiKam(digikam).read(photos(tmp_path)) if isinstance(n, NamedFace)}
        assert names == {"Anna B.", ""}
        assert tree_hash(tmp_path) == before
        running.execute("ROLLBACK")


def test_half_a_database_and_another_one_are_told_with_the_way_out(digikam: Path, tmp_path: Path):
    digikam.write_bytes(digikam.read_bytes()[:-9000])
    with pytest.raises(DatabaseUnreadableError, match="close the program"):
        list(DigiKam(digikam).read([]))
    digikam.write_bytes(b"not a database at all, but long enough" * 50)
    with pytest.raises(DatabaseUnreadableError, match="close the program"):
        list(DigiKam(digikam).read([]))
    with writing(tmp_path / "other.db") as db:
        db.execute("CREATE TABLE Images (id INTEGER)")
    with pytest.raises(DatabaseUnreadableError, match="no table AlbumRoots"):
        list(DigiKam(tmp_path / "other.db").read([]))


_LIGHTROOM = """
CREATE TABLE AgLibraryRootFolder (id_local INTEGER, absolutePath TEXT);
CREATE TABLE AgLibraryFolder (id_local INTEGER, rootFolder INTEGER, pathFromRoot TEXT);
CREATE TABLE AgLibraryFile (id_local INTEGER, folder INTEGER, baseName TEXT, extension TEXT);
CREATE TABLE Adobe_images (id_local INTEGER, rootFile INTEGER);
CREATE TABLE AgLibraryKeyword (id_local INTEGER, name TEXT);
CREATE TABLE AgLibraryFace (id_local INTEGER, image INTEGER, tl_x REAL, tl_y REAL, br_x REAL, br_y REAL);
CREATE TABLE AgLibraryKeywordFace (face INTEGER, tag INTEGER, userPick INTEGER, userReject INTEGER);
INSERT INTO AgLibraryRootFolder VALUES (1, 'C:/Users/Me/Pictures/');
INSERT INTO AgLibraryFolder VALUES (1, 1, 'trip/');
INSERT INTO AgLibraryFile VALUES (1, 1, 'a', 'jpg');
INSERT INTO Adobe_images VALUES (1, 1);
INSERT INTO AgLibraryKeyword VALUES (1, 'Anna'), (2, 'Ben');
INSERT INTO AgLibraryFace VALUES (1, 1, 0.1, 0.2, 0.3, 0.5), (2, 1, 0.6, 0.2, 0.8, 0.5), (3, 1, NULL, NULL, NULL, NULL);
INSERT INTO AgLibraryKeywordFace VALUES (1, 1, 1, NULL), (1, 2, 0, NULL), (2, 2, 1, 1), (3, 2, 1, 0);
"""


def test_lightroom_says_what_somebody_agreed_to(tmp_path: Path):
    photo = jpeg(tmp_path / "trip" / "a.jpg")
    with writing(tmp_path / "c.lrcat") as db:
        db.executescript(_LIGHTROOM)
    anna, ben = (n for n in Lightroom(tmp_path / "c.lrcat").read([photo]) if isinstance(n, NamedFace))
    assert (anna.photo, anna.name, ben.name, ben.region) == (photo, "Anna", "Ben", None)
    assert pytest.approx(present(anna.region)) == (0.1, 0.2, 0.2, 0.3)


_APPLE = """
CREATE TABLE {asset} (Z_PK INTEGER, ZDIRECTORY TEXT, ZFILENAME TEXT, ZTRASHEDSTATE INTEGER);
CREATE TABLE ZADDITIONALASSETATTRIBUTES (ZASSET INTEGER, ZORIGINALFILENAME TEXT, ZORIGINALFILESIZE INTEGER);
CREATE TABLE ZPERSON (Z_PK INTEGER, ZFULLNAME TEXT, ZDISPLAYNAME TEXT);
CREATE TABLE ZDETECTEDFACE (Z_PK INTEGER, {of_asset} INTEGER, {person} INTEGER, ZCENTERX REAL, ZCENTERY REAL,
  ZSIZE REAL, ZSOURCEWIDTH INTEGER, ZSOURCEHEIGHT INTEGER, ZISINTRASH INTEGER);
INSERT INTO {asset} VALUES (1, 'A', 'ABC.jpeg', 0), (2, 'A', 'GONE.jpeg', 1);
INSERT INTO ZPERSON VALUES (1, 'Anna', 'Anna'), (2, '', 'Ben'), (3, '', NULL);
INSERT INTO ZDETECTEDFACE VALUES (1, 1, 1, 0.5, 0.75, 0.1, 400, 200, 0), (2, 1, 2, 0.2, 0.2, 0.1, 400, 200, 0),
  (3, 1, 3, 0.2, 0.2, 0.1, 400, 200, 0), (4, 2, 1, 0.5, 0.75, 0.1, 400, 200, 0);
"""


@pytest.mark.parametrize(
    "columns",
    [
        {"asset": "ZGENERICASSET", "of_asset": "ZASSET", "person": "ZPERSON"},
        {"asset": "ZASSET", "of_asset": "ZASSETFORFACE", "person": "ZPERSONFORFACE"},
    ],
)
def test_apple_photos_of_old_and_new_form(tmp_path: Path, columns: dict[str, str]):
    library = tmp_path / "My.photoslibrary"
    (library / "database").mkdir(parents=True)
    photo = jpeg(tmp_path / "elsewhere" / "IMG_1.jpg")
    with writing(library / "database" / "Photos.sqlite") as db:
        db.executescript(_APPLE.format(**columns))
        db.execute("INSERT INTO ZADDITIONALASSETATTRIBUTES VALUES (1, 'IMG_1.jpg', ?)", (photo.stat().st_size,))
    anna, ben = (n for n in ApplePhotos(library).read([photo]) if isinstance(n, NamedFace))
    assert (anna.photo, anna.name, ben.name) == (photo, "Anna", "Ben")
    assert pytest.approx(present(anna.region)) == (0.45, 0.15, 0.1, 0.2)  # its middle a quarter from the top


_OLD_APPLE = """
CREATE TABLE RKMaster (uuid TEXT, imagePath TEXT, fileSize INTEGER);
CREATE TABLE RKVersion (modelId INTEGER, masterUuid TEXT, isInTrash INTEGER);
CREATE TABLE RKPerson (modelId INTEGER, name TEXT);
CREATE TABLE RKFace (modelId INTEGER, personId INTEGER, imageModelId INTEGER, isInTrash INTEGER, centerX REAL,
  centerY REAL, size REAL, sourceWidth INTEGER, sourceHeight INTEGER);
INSERT INTO RKMaster VALUES ('m1', '2012/01/02/a.jpg', 1), ('m2', '2012/01/02/gone.jpg', 1);
INSERT INTO RKVersion VALUES (7, 'm1', 0), (8, 'm2', 1);
INSERT INTO RKPerson VALUES (1, 'Anna'), (2, '');
INSERT INTO RKFace VALUES (1, 1, 7, 0, 0.5, 0.75, 0.1, 400, 200), (2, 2, 7, 0, 0.2, 0.2, 0.1, 400, 200),
  (3, 1, 8, 0, 0.5, 0.75, 0.1, 400, 200);
"""


def test_apple_photos_before_version_5(tmp_path: Path):
    library = tmp_path / "Old.photoslibrary"
    photo = jpeg(library / "Masters" / "2012" / "01" / "02" / "a.jpg")
    (library / "database").mkdir()
    with writing(library / "database" / "photos.db") as db:
        db.executescript(_OLD_APPLE)
    (anna,) = (n for n in ApplePhotos(library).read([photo]) if isinstance(n, NamedFace))
    assert (anna.photo, anna.name) == (photo, "Anna")
    assert pytest.approx(present(anna.region)) == (0.45, 0.15, 0.1, 0.2)


_IPHOTO = """
CREATE TABLE RKFaceName (faceKey INTEGER, name TEXT, fullName TEXT);
CREATE TABLE RKDetectedFace (modelId INTEGER, masterUuid TEXT, faceKey INTEGER, rejected INTEGER, "ignore" INTEGER,
  topLeftX REAL, topLeftY REAL, topRightX REAL, topRightY REAL,
  bottomLeftX REAL, bottomLeftY REAL, bottomRightX REAL, bottomRightY REAL);
INSERT INTO RKFaceName VALUES (1, 'Anna', ''), (2, 'Ben', 'Ben Berg'), (3, '', NULL);
INSERT INTO RKDetectedFace VALUES
  (1, 'm1', 1, 0, 0, 0.1, 0.8, 0.3, 0.8, 0.1, 0.5, 0.3, 0.5),
  (2, 'm2', 2, 0, 0, 0.6, 0.9, 0.6, 0.7, 0.8, 0.9, 0.8, 0.7),
  (3, 'm1', 2, 1, 0, 0.1, 0.8, 0.3, 0.8, 0.1, 0.5, 0.3, 0.5),
  (4, 'm1', 2, 0, 1, 0.1, 0.8, 0.3, 0.8, 0.1, 0.5, 0.3, 0.5),
  (5, 'm1', 3, 0, 0, 0.1, 0.8, 0.3, 0.8, 0.1, 0.5, 0.3, 0.5),
  (6, 'm3', 1, 0, 0, 0.1, 0.8, 0.3, 0.8, 0.1, 0.5, 0.3, 0.5),
  (7, 'm1', 2, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""


def test_iphoto_says_who_is_where_and_not_whom_somebody_rejected(tmp_path: Path):
    library = tmp_path / "iPhoto Library"
    inside = jpeg(library / "Masters" / "2009" / "a.jpg")
    turned = jpeg(tmp_path / "elsewhere" / "b.jpg", orientation=6)
    (library / "Database" / "apdb").mkdir(parents=True)
    with writing(library / "Database" / "apdb" / "Library.apdb") as db:
        db.execute("CREATE TABLE RKMaster (uuid TEXT, imagePath TEXT, isInTrash INTEGER, fileSize INTEGER)")
        masters = [("m1", "2009/a.jpg", 0, 5), ("m2", "2009/b.jpg", 0, turned.stat().st_size), ("m3", "c.jpg", 1, 5)]
        db.executemany("INSERT INTO RKMaster VALUES (?, ?, ?, ?)", masters)
    with writing(library / "Database" / "apdb" / "Faces.db") as db:
        db.executescript(_IPHOTO)
    found = [n for n in IPhoto(library).read([inside, turned]) if isinstance(n, NamedFace)]
    assert [(n.photo, n.name) for n in found] == [(inside, "Anna"), (turned, "Ben Berg"), (inside, "Ben Berg")]
    anna, ben, nowhere = (n.region for n in found)
    assert pytest.approx(present(anna)) == (0.1, 0.2, 0.2, 0.3)
    assert pytest.approx(present(ben)) == (0.7, 0.6, 0.2, 0.2)  # upright; its corners have changed places
    assert pytest.approx(present(found[1].otherwise)) == (0.6, 0.1, 0.2, 0.2)
    assert nowhere is None
    with pytest.raises(DatabaseUnreadableError, match="no table RKMaster"):
        (library / "Database" / "apdb" / "Library.apdb").unlink()
        with writing(library / "Database" / "apdb" / "Library.apdb") as db:
            db.execute("CREATE TABLE Other (id INTEGER)")
        list(IPhoto(library).read([]))


@pytest.mark.shared_data
def test_a_real_library_of_apple_photos_shows_one_place_in_all_orientations(shared_data: Path):
    library = shared_data / "metadata" / "apple_photos" / "Test-Faces-10.15.7.photoslibrary"
    found = [n for n in ApplePhotos(library).read(sorted(library.glob("originals/*/*"))) if isinstance(n, NamedFace)]
    assert all(n.photo.exists() for n in found)
    turned = [present(n.region) for n in found if n.name.startswith("exif")]
    assert len(turned) == 9
    for box in turned:
        assert pytest.approx(box, abs=0.03) == (0.475, 0.175, 0.265, 0.177)
