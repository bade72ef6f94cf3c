"""`--restorer best`: every restorer at hand, the best result, and why it was taken, wherever that is asked."""

from pathlib import Path

from iconface_core.images.provenance import read_provenance
from plugin.app import build_app
from plugin.settings import load_settings
from tests.support.library import Cli, Library
from tests.support.narrow import present


def test_the_best_result_says_why_it_was_taken(cli: Cli, library: Library, tmp_path: Path):
    [row] = cli("restore", library.ruined, "--restorer", "best", "--output", tmp_path / "out")["results"]
    assert row["restorer"] == "best"
    assert row["identity"]["verdict"] in {"pass", "doubtful"}, "the ordinary check comes after the choice"
    choice = row["choice_data"]
    assert choice["params"]["candidates"] >= 6
    made = [m["params"] for m in choice["params"]["made_by"]]
    assert {m["restorer"] for m in made} <= {"iconface-nano", "waifu2x-upconv7-photo"}
    assert all(len(m["weights_sha256"]) == 64 and 0 < m["strength"] <= 1 for m in made)
    assert f"of {choice['params']['candidates']} results" in row["choice"]

    mark = present(read_provenance(Path(row["output"])))
    assert mark.faces[0].choice == choice
    [kept] = cli("restored", "list", library.ruined)["restorations"]
    assert kept["choice_data"] == choice
    assert "choice" not in kept["options"]
    again = cli("restore", library.ruined, "--restorer", "best", "--output", tmp_path / "out")["results"][0]
    assert again["output"] == row["output"], "the same wish gives the same file"


def test_best_may_be_what_auto_means(tmp_path: Path):
    settings = load_settings(tmp_path, {})
    settings.folders.config_file.parent.mkdir(parents=True, exist_ok=True)
    settings.folders.config_file.write_text('restorer = "best"\n')
    app = build_app(load_settings(tmp_path, {}))
    try:
        assert app.restorers.backend("auto").id == "best"
        assert app.restorers.backend("nano").id == "iconface-nano"
    finally:
        app.close()


def test_a_single_restorer_gives_no_reasons(cli: Cli, library: Library, tmp_path: Path):
    [row] = cli("restore", library.ruined, "--output", tmp_path / "out")["results"]
    assert "choice" not in row
    assert present(read_provenance(Path(row["output"]))).faces[0].choice is None
