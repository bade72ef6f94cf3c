"""`iconface models recommend`: what fits this machine, measured; and what is pulled on yes, over real sockets."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.models.catalogue import CHECKPOINT, KLEIN
from iconface_core.models.public_models import CODEFORMER, GFPGAN, RESTOREFORMER
from plugin.cli.main import run
from plugin.models.recommend import DISK_LEFT, Machine, advise
from plugin.models.registry import find_backends
from plugin.models.store import ModelStore
from tests.support.library import Cli

LARGE = Machine(64 * 10**9, 500 * 10**9, "H200", 140 * 10**9)
SIZE, MEMORY = 340_000_000, 1_360_000_000


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path, find_backends("buffalo_l", []))


@pytest.mark.parametrize(
    ("model", "machine", "advice"),
    [
        (GFPGAN, LARGE, "pull"),
        (RESTOREFORMER, LARGE, "possible"),
        (CODEFORMER, LARGE, "restricted"),
        (GFPGAN, Machine(2 * 10**9, 500 * 10**9), "no_memory"),
        (GFPGAN, Machine(64 * 10**9, 10**9), "no_disk"),
        (KLEIN, LARGE, "possible"),
        (KLEIN, Machine(64 * 10**9, 500 * 10**9), "no_gpu"),
    ],
)
def test_advice(store: ModelStore, model: Any, machine: Machine, advice: str):
    assert advise(machine, store, model, SIZE, MEMORY) == advice


def test_the_backbone_is_recommended_to_who_has_a_checkpoint(store: ModelStore, tmp_path: Path):
    (tmp_path / str(CHECKPOINT.folder)).mkdir(parents=True)
    assert advise(LARGE, store, KLEIN, SIZE, MEMORY) == "pull"


@given(memory=st.integers(0, 10**12), free=st.integers(0, 10**13))
def test_what_is_recommended_fits(memory: int, free: int):
    store = ModelStore(Path("/nowhere"), find_backends("buffalo_l", []))
    if advise(Machine(memory, free), store, GFPGAN, SIZE, MEMORY) == "pull":
        assert memory >= 2 * MEMORY
        assert free - SIZE >= DISK_LEFT
    more = Machine(memory + 10**12, free + 10**13)
    assert advise(more, store, GFPGAN, SIZE, MEMORY) == "pull", "a larger machine has no less"


def test_this_machine_is_looked_at_and_its_restorers_are_measured(cli: Cli, capsys: pytest.CaptureFixture[str]):
    assert run(["--home", str(cli.home), "models", "recommend"]) == 0
    shown = capsys.readouterr()
    assert "GB of memory" in shown.out
    line = next(x for x in shown.out.splitlines() if x.startswith("waifu2x"))
    assert "installed" in line
    assert any(part.replace(".", "").isdigit() for part in line.split()), "seconds a face, measured"
    assert "would run here; non-commercial" in next(x for x in shown.out.splitlines() if x.startswith("codeformer"))
    assert "models pull gfpgan" in shown.err, "nobody could be asked: it says what to do"
    assert not (cli.home / "data" / "models" / "restorers").exists()
