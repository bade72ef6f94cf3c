"""The folders of a first right-click, made before any gallery was."""

import json
import os
import stat
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery_db import Gallery
from plugin.job_payloads import QueuedChoices, RestorePayload, payload_of
from plugin.jobs import inbox


def test_the_data_folder_is_private_from_the_first_moment(tmp_path: Path):
    file = inbox.drop(tmp_path / "new" / "data" / "inbox", [Path("/p.jpg")], QueuedChoices())
    for path, mode in ((file, 0o600), (file.parent, 0o700), (file.parent.parent, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert inbox.waiting(file.parent) == [file]
    assert inbox.waiting(tmp_path / "nowhere") == []


def test_what_is_no_file_is_passed_over(gallery: Gallery, tmp_path: Path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "0-folder.job").mkdir()
    os.mkfifo(folder / "0-pipe.job")
    (folder / "0-link.job").symlink_to(folder / "nowhere")
    inbox.drop(folder, [Path("/p.jpg")], QueuedChoices())
    assert len(inbox.collect(folder, gallery)) == 1
    assert inbox.collect(folder, gallery) == []
    assert inbox.waiting(folder / "0-pipe.job") == []


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters(), max_size=3) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
requests = st.fixed_dictionaries({}, optional={"paths": values, "options": values, "origin": values})
shared = [HealthCheck.function_scoped_fixture]  # every example takes all that it left


@settings(max_examples=60, suppress_health_check=shared)
@given(garbage=st.binary(max_size=20) | st.one_of(requests, values).map(lambda v: json.dumps(v).encode()))
def test_garbage_is_set_aside_and_keeps_nothing_back(gallery: Gallery, tmp_path: Path, garbage: bytes):
    folder = tmp_path / "inbox"
    folder.mkdir(exist_ok=True)
    (folder / "0.job").write_bytes(garbage)
    inbox.drop(folder, [Path("/p.jpg")], QueuedChoices())
    assert inbox.collect(folder, gallery)
    assert inbox.waiting(folder) == []


def test_a_request_of_an_earlier_release_is_taken_and_a_name_that_is_no_name_is_not(gallery: Gallery, tmp_path: Path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    options = {"strength": None, "seed": 42, "person": "Anna", "references": ["/r.jpg"], "output": None, "force": True}
    for n, path in enumerate(("/p.jpg", "\ud800")):
        (folder / f"{n}.job").write_text(json.dumps({"paths": [path], "options": options, "origin": "hand"}))
    [job_id] = inbox.collect(folder, gallery)
    assert [p.name for p in folder.glob("*.bad")] == ["1.bad"]
    with gallery.begin(write=False) as tx:
        taken = payload_of(tx.jobs.get(job_id), RestorePayload)
    assert taken == RestorePayload(
        "/p.jpg", None, QueuedChoices(person="Anna", references=(Path("/r.jpg"),), force=True)
    )
