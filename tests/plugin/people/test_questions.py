"""Questions on the command line: asked by grouping, answered by commands."""

import numpy as np

from iconface_core.grouping import Cluster, Proposal
from plugin.app import build_app
from plugin.people.questions import asked
from plugin.settings import load_settings
from tests.support.library import Cli, Library


def test_every_question_comes_with_commands_that_close_it(cli: Cli):
    listed = cli("people", "questions")
    assert listed["open"] == len(listed["questions"]) > 0
    first = listed["questions"][0]
    assert first["kind"] == "who", "six people without a name are in the sample"
    cli(*first["answers"][0].replace("NAME", "Ada").split())
    left = cli("people", "questions")["questions"]
    assert first["question_id"] not in {q["question_id"] for q in left}
    assert cli("people", "questions", "--person", left[0]["person_id"])["open"] >= 1
    cli("undo")
    assert cli("people", "questions")["questions"] == listed["questions"]


def test_not_sure_is_put_off_and_asked_again(cli: Cli):
    [first, *_] = before = cli("people", "questions")["questions"]
    cli("people", "not-sure", first["question_id"])
    assert cli("people", "questions")["questions"] == before[1:]
    cli("people", "regroup")
    assert first["question_id"] not in {q["question_id"] for q in cli("people", "questions")["questions"]}
    cli("people", "not-sure", first["question_id"], "--off")
    assert cli("people", "questions")["questions"] == before
    assert "question" in cli("people", "not-sure", 999, code=3)["error"]["message"]


def test_people_told_apart_are_not_merged_by_question(cli: Cli):
    a, b = (p["person_id"] for p in cli("people", "list")["people"][:2])
    assert cli("people", "different", a, b)["decision"]["kind"] == "different"


def test_a_gallery_that_never_kept_questions_gets_them_with_the_next_scan(cli: Cli, library: Library):
    app = build_app(load_settings(library.home, {}))
    with app.gallery.begin() as tx:
        tx.meta.set("asked_at", None)  # as in a file of an older release
    cli("scan")
    with app.gallery.begin(write=False) as tx:
        assert tx.questions.asked_at() is not None
    app.close()


def test_people_founded_in_the_same_pass_are_asked_about_by_their_new_ids(library: Library):
    app = build_app(load_settings(library.home, {}))
    with app.gallery.begin(write=False) as tx:
        columns = tx.faces.columns()
        first, second = np.unique(columns.person_id[columns.person_id >= 0])[:2].tolist()
        faces = [tuple(columns.face_id[columns.person_id == p].tolist()) for p in (first, second)]
        clusters = [Cluster(f, -1, -1) for f in faces]
        merge = Proposal("merge", faces[1], -1, 0.5, -1, cluster=0, other_cluster=1)
        same = Proposal("merge", faces[0], -1, 0.5, first, cluster=0)
        nobody = Proposal("join", (1,), -1, 0.5, cluster=2)
        made = asked(tx, [merge, same, nobody], [*clusters, Cluster((10**6,), -1, -1)])
    app.close()
    assert [(a.kind, a.person_id, a.other_person_id, a.gain) for a in made] == [("merge", first, second, len(faces[1]))]
