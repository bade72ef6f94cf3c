"""Eight processes decide, regroup and take back at once. Afterwards the database is whole, no machine was taken for a
human, and everything can be taken back to the beginning."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gallery_db import Gallery
from gallery_db.database.address import Server
from gallery_db.gallery import Tx
from gallery_db.records import FaceFilter

from .factories import put

SECONDS = float(os.environ.get("ICONFACE_TOGETHER_SECONDS", "4"))
"""Short here; minutes by night."""


def in_force(tx: Tx) -> int:
    """Decisions that were not taken back."""
    return sum(d.undone_by is None and d.kind not in ("undo", "redo") for d in tx.decisions.history())


@pytest.mark.slow
@pytest.mark.timeout(300 + 6 * SECONDS)
def test_eight_processes_leave_a_journal_that_can_be_taken_back(where: Path | Server, tmp_path: Path):
    with Gallery.open(where) as gallery, gallery.begin() as tx:
        for n in range(6):
            put(tx, f"p{n}", 2 * n, 2 * n + 1)
        for name in ("Ada", "Bea", "Cem"):
            tx.decisions.create_person(name)
    script = Path(__file__).with_name("deciding_process.py")
    named = [str(where), ""] if isinstance(where, Path) else [where.url, str(where.folder)]
    line = [sys.executable, str(script), *named]
    outputs = [tmp_path / f"said-{seed}" for seed in range(8)]  # files: a full pipe would hold a process up
    running = []
    for seed, output in enumerate(outputs):
        with output.open("w") as out, output.with_suffix(".err").open("w") as err:
            running.append(subprocess.Popen([*line, str(seed), str(SECONDS)], stdout=out, stderr=err))
    try:
        codes = [process.wait(timeout=SECONDS + 200) for process in running]
    finally:
        for process in running:
            process.kill()
    assert codes == [0] * 8, "\n".join(output.with_suffix(".err").read_text()[-2000:] for output in outputs)
    said = {tuple(json.loads(said)) for output in outputs for said in output.read_text().splitlines()}
    with Gallery.open(where) as gallery:
        assert gallery.check() == []
        with gallery.begin() as tx:
            confirmed = {(f.id, f.person_id) for f in tx.faces.find(FaceFilter(confirmed=True, states=None))}
            assert confirmed <= said, f"confirmed by nobody: {confirmed - said}"
            assert len(tx.decisions.history()) > 8
            for _ in range(in_force(tx)):
                tx.decisions.undo()
            assert in_force(tx) == 0
            assert not tx.faces.find(FaceFilter(confirmed=True, states=None))
            assert (tx.faces.rejections(), tx.people.different()) == (set(), set())
            assert tx.people.find(hidden=None, ignored=None, named=True) == []
