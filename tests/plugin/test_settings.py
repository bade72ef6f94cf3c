"""config.toml: every key by its type, range and choices; what is wrong is named with what is allowed."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import fields

from iconface_core.codec import decode, encode
from plugin.errors import UsageError
from plugin.settings import Choices, load_settings


def write(home: Path, text: str) -> Path:
    file = home / "config" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_what_is_chosen_is_set_and_the_rest_as_without_a_file(tmp_path: Path):
    before = load_settings(tmp_path, {})
    write(tmp_path, f'workers = 3\nnotifications = false\nrestored = "{tmp_path}/copies"\nrestored_layout = "flat"')
    now = load_settings(tmp_path, {})
    assert (now.workers, now.notifications, now.restored_layout) == (3, False, "flat")
    assert now.folders.restored == tmp_path / "copies"
    assert (now.folders.data, now.index_side) == (before.folders.data, 1600)


def test_the_home_folder_may_be_named_for_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, 'restored = "~/copies"')
    assert load_settings(tmp_path, {}).folders.restored == tmp_path / "copies"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers = 300", "workers must be int from 0 to 256, not 300"),
        ('workers = "many"', "workers must be int from 0 to 256, not 'many'"),
        ("workers = true", "workers must be int from 0 to 256, not True"),
        ("full_megapixels = 0", "full_megapixels must be int from 1 to 10000, not 0"),
        ("notifications = 1", "notifications must be true or false, not 1"),
        ('iconface_weights = "int4"', "iconface_weights must be one of 'full', 'int8', not 'int4'"),
        ('iconface_offload = "disk"', "iconface_offload must be one of 'blocks', 'none', not 'disk'"),
        ('restored_layout = "deep"', "restored_layout must be one of 'beside', 'flat', 'mirror', not 'deep'"),
        ("detector = 5", "detector must be text, not 5"),
        ("restored = 5", "restored must be a path, not 5"),
        ('restored = "here"', "restored must be the whole path of a folder, not 'here'"),
        ('restored = "/a\\u0000b"', "restored must be the whole path of a folder, not '/a\\x00b'"),
        ("colour = 1", "unknown key 'colour'; known are actor, database, detector,"),
        ("folders = 1", "unknown key 'folders'; known are"),
    ],
)
def test_what_is_wrong_is_named_with_the_file_and_what_is_allowed(tmp_path: Path, text: str, said: str):
    file = write(tmp_path, text)
    with pytest.raises(UsageError) as e:
        load_settings(tmp_path, {})
    assert str(e.value).startswith(f"{file}: {said}")


def test_the_defaults_are_within_their_ranges():
    assert decode(Choices, encode(Choices()), "defaults") == Choices()


KEYS = [f.name for f in fields(Choices)]
texts = st.text(st.characters(codec="ascii", exclude_characters='"\\', categories=["L", "N", "P"]))
values = st.integers().map(str) | st.booleans().map(lambda b: str(b).lower()) | texts.map('"{}"'.format)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(KEYS), values, max_size=3))
def test_any_file_gives_settings_or_an_error_that_names_it(tmp_path: Path, chosen: dict[str, str]):
    file = write(tmp_path, "\n".join(f"{key} = {value}" for key, value in chosen.items()))
    try:
        found = load_settings(tmp_path, {})
    except UsageError as e:
        assert str(e).startswith(f"{file}: ")  # noqa: PT017 - both are right
        return
    assert 0 <= found.nightly_hour <= 23
