"""Questions on the command line: asked by grouping, answered by commands."""

import numpy as np

from gallery_db.records import Asked
from iconface_core.ages import ApparentAge
from iconface_core.grouping import Cluster, Proposal
from plugin.app import build_app
from plugin.people.life_lines import Lives
from plugin.people.questions import asked, open_questions
from plugin.settings import load_settings
from plugin.web.views.asking import view
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


class KnownAges:
    """An `AgeReader` that was told how old each vector looks."""

    def __init__(self, by_vector):
        self._by_vector = by_vector

    def ages(self, vectors):
        return [ApparentAge.known(self._by_vector[v.tobytes()]) for v in vectors]

    def without_age(self, vectors):
        return vectors


def test_two_people_far_apart_in_age_may_be_one_or_relatives(library: Library):
    app = build_app(load_settings(library.home, {}))
    with app.gallery.begin() as tx:
        columns = tx.faces.columns()
        first, second = np.unique(columns.person_id[columns.person_id >= 0])[:2].tolist()
        tx.questions.keep([Asked("merge", (), first, second, 1.0, 99)])
        vectors = {p: [r.vector for r in tx.faces.reference_candidates(p, app.embedder.id)] for p in (first, second)}

    def asked_with(young, old, kind="merge"):
        told = {v.tobytes(): age for p, age in ((first, young), (second, old)) for v in vectors[p]}
        lives = Lives(app.embedder.id, KnownAges(told))
        rows, _ = open_questions(app.gallery, lives, limit=50)
        with app.gallery.begin(write=False) as tx:
            [question] = tx.questions.open(kind=kind, limit=1)
            [row] = [r for r in rows if r["question_id"] == question.id]
            return row, view(tx, question, lives).lead

    apart, on_page = asked_with(8, 40)
    assert "a relative" in on_page
    assert apart["kind"] == "merge"
    assert apart["years_between"] == {"years": 32, "low": 8, "high": 8, "other_low": 40, "other_high": 40}
    assert "About 32 years" in apart["text"]
    assert apart["text"].endswith("or a relative?")
    alike, on_page = asked_with(38, 40)
    assert "relative" not in on_page
    assert alike["years_between"] is None
    assert "relative" not in alike["text"]
    children, on_page = asked_with(2, 4)
    assert on_page == "Small children look alike: the same child, or a relative?"
    assert children["text"].endswith(on_page)
    with app.gallery.begin() as tx:
        face = tx.faces.reference_candidates(second, app.embedder.id)[0].face_id
        tx.decisions.reject([face], second)
        tx.questions.keep([Asked("join", (face,), first, None, 1.0, 1)])
    assert asked_with(2, 4, "join")[1] == on_page
    assert asked_with(2, 30, "join")[1] == ""
    assert (children["small_children"], alike["small_children"], children["years_between"]) == (True, False, None)
    app.close()
