"""A short life with a library: `benchmarks.living_library` without a desktop, on the sample photos."""

import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from plugin.installed_files.command import entry_command
from tests.support.library import Cli, tree_hash
from tests.support.service import Background, time_passes
from tests.support.waiting import gone, until


@pytest.mark.timeout(600)
def test_dropped_in_named_restored_by_itself_and_by_right_click_and_cleaned_up_with_a_kill_in_between(
    sample: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    source, ruined = sample
    home, photos = tmp_path / "home", tmp_path / "photos"
    photos.mkdir()
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("watch_quiet_seconds = 1\n")
    cli, background = Cli(home, capsys), Background(home)
    cli("library", "add", photos)
    cli("library", "rules", photos, "--auto", "auto")

    def done(photo: Path) -> list[dict[str, Any]]:
        return [r for r in cli("restored", "list", photo)["restorations"] if r["state"] == "done"]

    try:
        service = background.start()
        for photo in source.glob("*.jpg"):
            if photo != ruined:
                shutil.copy(photo, photos)
        until(lambda: len(people_of(cli)) == len({p.name.split("-")[1] for p in photos.iterdir()}))
        until(lambda: idle(background))
        shutil.copy(ruined, photos / "old before names.jpg")
        until(lambda: any(f["photo"].endswith("names.jpg") for f in cli("faces", "list", "--all")["faces"]))
        until(lambda: idle(background))
        assert not list((home / "restored").rglob("*.jpg")), "nobody has a name yet"
        truth = cli("references", ruined)["faces"][0]["person_id"]
        cli("people", "name", truth, "Ada")

        fresh = Path(shutil.copy(ruined, photos / "fresh.jpg"))
        fresh.write_bytes(ruined.read_bytes() + b"\0")  # the same picture, another file
        before = tree_hash(photos)
        until(lambda: (background.status().get("worker") or {}).get("kind") == "restore" or done(fresh))
        worker = (background.status().get("worker") or {}).get("pid")
        service.send_signal(signal.SIGKILL)
        service.wait()
        until(lambda: gone(worker))  # it does not outlive its supervisor
        time_passes(home)
        background.start()
        until(lambda: done(fresh))
        [row] = done(fresh)
        assert (row["origin"], row["person_id"]) == ("auto", truth)
        shown = {Path(f["photo"]) for f in cli("faces", "list", "--person", truth)["faces"]}
        assert row["references"]
        assert {Path(r["photo"]) for r in row["references"]} <= shown

        clicked = tmp_path / "a scan.jpg"
        clicked.write_bytes(ruined.read_bytes() + b"\0\0")
        subprocess.run([*entry_command(home), str(clicked)], check=True, stdout=subprocess.DEVNULL)
        until(lambda: done(clicked))
        assert done(clicked)[0]["origin"] == "hand"

        planned = {Path(f["photo"]) for f in cli("cleanup", "plan", "--people", "Ada")["faces"]}
        assert photos / "old before names.jpg" in planned
        cli("cleanup", "run", "--people", "Ada")
        until(lambda: done(photos / "old before names.jpg") and idle(background), 300)
        states = {p: [r["state"] for r in cli("restored", "list", p)["restorations"]] for p in planned}
        assert all(set(of) & {"done", "unseen"} for of in states.values()), {p.name: of for p, of in states.items()}
        cli("service", "stop")
    finally:
        background.end()
    assert tree_hash(photos) == before
    copies = sorted(str(p) for p in (home / "restored").rglob("*.jpg"))
    assert copies == sorted(r["output"] for r in cli("restored", "list")["restorations"] if r["state"] == "done")


def people_of(cli: Cli) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = cli("people", "list")["people"]
    return rows


def idle(background: Background) -> bool:
    jobs = background.status()["jobs"]
    return not jobs["waiting"] and not jobs["running"]
