"""The options every command takes."""

from pathlib import Path

import pytest

from plugin.cli.output import columns
from plugin.cli.session import split_shared


def test_shared_options_are_taken_from_anywhere():
    session, rest = split_shared(["--json", "people", "list", "--home", "/h", "-y"])
    assert (session.as_json, session.yes, session.home) == (True, True, Path("/h"))
    assert session.out.as_json
    assert rest == ["people", "list"]


def test_after_a_double_dash_everything_is_a_name():
    session, rest = split_shared(["restore", "--", "--json", "-y"])
    assert not session.as_json
    assert rest == ["restore", "--", "--json", "-y"]


@pytest.mark.parametrize("argv", [["--home"], ["--home="]])
def test_home_without_a_folder_is_an_error(argv: list[str]):
    with pytest.raises(ValueError, match="needs a folder"):
        split_shared(argv)


def test_columns_line_up_and_empty_tables_say_so():
    assert columns(["id", "name"], [[1, "Ada"], [20, None]]) == ["id  name", "1   Ada", "20"]
    assert columns(["id"], []) == ["(none)"]
