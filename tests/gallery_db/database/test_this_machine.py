"""Paths of the library and of a machine that has mounted its folders elsewhere."""

from hypothesis import given
from hypothesis import strategies as st

from gallery_db.database.this_machine import Mounts, translated

MOUNTS = Mounts({"/srv/photos": "/mnt/nas", "/srv/photos/old": "/old", "/a.b/": "/c"})
names = st.text("ab/.0#", max_size=12)
paths = st.builds("".join, st.tuples(st.sampled_from(["/srv/photos", "/srv/photos/old", "/a.b", "/x", ""]), names))


@given(paths)
def test_there_and_back(path: str):
    assert MOUNTS.stored(MOUNTS.here(path)) == path or not path.startswith(("/srv", "/a.b"))


def test_whole_names_only():
    assert MOUNTS.here("/srv/photos/a.jpg") == "/mnt/nas/a.jpg"
    assert MOUNTS.here("/srv/photos/old/a.jpg") == "/old/a.jpg", "the longest counts"
    for other in ("/srv/photos0/a.jpg", "/srv/photosx", "/axb/c", "srv/photos"):
        assert MOUNTS.here(other) == other
    assert MOUNTS.here("/a.b") == "/c"


def test_in_a_payload():
    asked = {"path": "/srv/photos/a", "options": {"references": ["/a.b/c", 3, None]}, "n": 1.5}
    here = translated(asked, MOUNTS.here)
    assert here == {"path": "/mnt/nas/a", "options": {"references": ["/c/c", 3, None]}, "n": 1.5}
    assert translated(here, MOUNTS.stored) == asked
