"""The quick pass of large libraries must agree with the full pass on what is plain."""

import numpy as np

from plugin.app import build_app
from plugin.settings import load_settings
from tests.support.library import Library


def groups(app) -> set[frozenset[int]]:
    with app.gallery.begin(write=False) as tx:
        columns = tx.faces.columns()
    people = set(columns.person_id.tolist()) - {-1}
    return {frozenset(columns.face_id[columns.person_id == p].tolist()) for p in people}


def test_faces_placed_quickly_end_where_the_full_pass_puts_them(library: Library):
    app = build_app(load_settings(library.home, {}))
    try:
        want = groups(app)
        with app.gallery.begin(write=False) as tx:
            ids = tx.faces.columns().face_id
        some = ids[::7]
        with app.gallery.begin() as tx:
            tx.decisions.unassign(some.tolist())
        assert groups(app) != want
        app.grouper.full()  # measures the library; then the same faces once more
        with app.gallery.begin() as tx:
            tx.decisions.unassign(some.tolist())
        changes, decisions = app.grouper.quick(some.astype(np.int64))
        assert len(changes.joined) == len(some)
        assert groups(app) == want
    finally:
        app.close()
