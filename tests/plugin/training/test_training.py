"""`train run` as a command: what it says when it cannot start, and what Ctrl-C does."""

import json
import os
import signal
from pathlib import Path

import pytest

from plugin.cli.main import run
from plugin.training.run import stop_requests

SMOKE = Path(__file__).parents[3] / "configs" / "smoke.toml"


def test_the_first_ctrl_c_asks_and_the_second_insists():
    said: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    with stop_requests(said.append) as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.is_set()
        assert "after this step" in said[0]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("config", "message"),
    [(SMOKE, "manifest.json: missing"), (Path("none.toml"), "No such file")],
    ids=["pack", "config"],
)
def test_what_is_missing_is_named(config, message, tmp_path, capsys):
    argv = ["--home", str(tmp_path), "--json", "train", "run", str(config)]
    assert run([*argv, "--data", str(tmp_path / "pack"), "--out", str(tmp_path / "run")]) == 1
    assert message in json.loads(capsys.readouterr().out)["error"]["message"]
    assert not (tmp_path / "run").exists()
