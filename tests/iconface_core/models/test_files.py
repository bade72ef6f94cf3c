"""The pins, the licences and the catalogue: what ships is what was reviewed."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from iconface_core.errors import BackendUnavailableError, LicenceNotAcceptedError, WeightsError
from iconface_core.models import files
from iconface_core.models.catalogue import (
    AGE,
    AGE_FILE,
    NANO,
    NANO_FILE,
    SFACE_FILE,
    STUDENT,
    STUDENT_FILE,
    YUNET_FILE,
    backend,
    catalogue,
)
from iconface_core.models.files import (
    BUNDLED,
    accept_licence,
    is_accepted,
    locate,
    locate_verified,
    require_licence,
    verify_file,
)
from tests.support.narrow import present

# Our own weights may be missing in a source tree; everything falls back to waifu2x, SFace and dates then.
OWN_FILES = (NANO_FILE, STUDENT_FILE, AGE_FILE)
SHIPPED = [
    file
    for entry in catalogue()
    for file in entry.files
    if file.bundled and (file not in OWN_FILES or (BUNDLED / file.folder / file.filename).is_file())
]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.filename)
def test_shipped_files_are_the_pinned_ones(file):
    assert file.sha256
    assert file.size
    assert locate_verified(file).is_file()


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.filename)
def test_shipped_files_have_their_licence_beside_them(file):
    texts = [p.read_text(encoding="utf-8") for p in (BUNDLED / file.folder).glob("LICENSE*")]
    wanted = {
        "MIT": "Permission is hereby granted",
        "Apache-2.0": "Version 2.0, January 2004",
        "research only": "for research only",
    }[file.licence]
    assert any(wanted in text for text in texts)


@pytest.mark.parametrize(
    ("file", "module", "name"),
    [
        (YUNET_FILE, "yunet", "YuNetDetector"),
        (SFACE_FILE, "sface", "SFaceEmbedder"),
    ],
)
def test_a_tampered_shipped_file_is_refused(file, module, name, tmp_path, monkeypatch):
    content = bytearray(locate(file).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / file.folder).mkdir()
    (tmp_path / file.folder / file.filename).write_bytes(content)
    monkeypatch.setattr(files, "BUNDLED", tmp_path)
    with pytest.raises(WeightsError, match=r"SHA-256.*Reinstall iconface"):
        getattr(import_module(f"iconface_core.faces.{module}"), name)()


def test_truncated_and_missing_files_are_named(tmp_path):
    path = tmp_path / YUNET_FILE.filename
    path.write_bytes(locate(YUNET_FILE).read_bytes()[:1000])
    with pytest.raises(WeightsError, match=f"{path}: 1000 bytes, expected 122489"):
        verify_file(path, YUNET_FILE)
    path.unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        verify_file(path, YUNET_FILE)


def test_an_unpinned_file_must_not_be_empty(tmp_path):
    (file,) = backend("adaface-ir50").files
    assert file.sha256 is None
    path = tmp_path / file.filename
    path.touch()
    with pytest.raises(WeightsError, match="0 bytes"):
        verify_file(path, file)


def test_catalogue_is_complete_and_honest():
    entries = catalogue()
    assert len({entry.id for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.licence
        assert present(entry.licence_url).startswith("https://")
        assert entry.files
        assert (entry.dim is not None) == (entry.role == "embedder")
        # nothing restricted ships but our own weights, which say so
        restricted = entry.non_commercial and any(file.bundled for file in entry.files)
        assert not restricted or entry in (NANO, STUDENT, AGE), entry.id
        assert entry.pull_url is None or (entry.pull_url.startswith("https://") and entry.pull_sha256)
        for file in entry.files:
            assert file.sha256 is None or len(file.sha256) == 64
    assert next(e.id for e in entries if not e.non_commercial and e.role == "embedder") == "sface-2021dec"


def test_unknown_and_uninstalled_backends_say_what_to_do(tmp_path):
    with pytest.raises(BackendUnavailableError, match="known: yunet-2023mar"):
        backend("facenet")
    (file,) = backend("adaface-ir50").files
    with pytest.raises(BackendUnavailableError, match="iconface models install"):
        locate(file, tmp_path)
    with pytest.raises(BackendUnavailableError, match="no model folder"):
        locate(file)


def test_a_restricted_licence_is_accepted_once_for_all_it_covers(tmp_path):
    scrfd, arcface = backend("scrfd-buffalo_l"), backend("arcface-buffalo_l")
    with pytest.raises(LicenceNotAcceptedError, match="non-commercial"):
        require_licence(scrfd, tmp_path)
    accept_licence(scrfd, tmp_path / "new folder")
    record = (tmp_path / "new folder" / files.ACCEPTED).read_text(encoding="utf-8")
    accept_licence(scrfd, tmp_path / "new folder")
    assert (tmp_path / "new folder" / files.ACCEPTED).read_text(encoding="utf-8") == record
    assert json.loads(record)[scrfd.licence]["asked_for"] == scrfd.id
    require_licence(scrfd, tmp_path / "new folder")
    assert is_accepted(arcface, tmp_path / "new folder")
    assert not is_accepted(replace(arcface, licence="another one"), tmp_path / "new folder")
    assert not is_accepted(arcface, tmp_path)
    assert is_accepted(backend("yunet-2023mar"), tmp_path)
    assert is_accepted(NANO, tmp_path)  # it came with the package, under the licence that `models show` names


@pytest.mark.parametrize("record", ["", "[]", "{", '"yes"', "\x00"])
def test_a_broken_record_accepts_nothing(tmp_path, record):
    (tmp_path / files.ACCEPTED).write_text(record, encoding="utf-8")
    assert not is_accepted(backend("scrfd-buffalo_l"), tmp_path)
    accept_licence(backend("scrfd-buffalo_l"), tmp_path)
    assert is_accepted(backend("scrfd-buffalo_l"), tmp_path)


def test_listing_models_loads_no_runtime():
    code = (
        "import sys, iconface_core.models.catalogue as c; c.catalogue();"
        "import iconface_core.faces.sface_facts, iconface_core.faces.adaface_facts;"
        "print([m for m in ('torch', 'onnx', 'onnxruntime', 'insightface', 'ncnn') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[3]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert out.stdout.strip() == "[]"
