"""One registry: the built-in backends say what is true, those of other packages join them and replace nothing."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path
from typing import Any

import pytest

from iconface_core.errors import BackendUnavailableError
from iconface_core.extensions.backends import BackendContext, RestorerSpec
from iconface_core.faces.student_files import second_dim
from iconface_core.fakes import FakeRestorer
from iconface_core.models.catalogue import STUDENT_FILE
from iconface_core.models.files import Backend, ModelFile, accept_licence, locate, sha256_of
from iconface_core.models.public_models import AURAFACE
from iconface_core.models.recognisers import INSIGHTFACE
from iconface_core.testing import check_restorer, check_spec
from plugin.cli.models import _next
from plugin.extensions import BACKENDS
from plugin.models.backends import Backends
from plugin.models.registry import find_backends
from plugin.models.store import ModelStore

PLUGIN = Path(__file__).resolve().parents[3] / "plugin"
PART = Backend("fake-restorer", "restorer", "Fake", "MIT", None, ())
FAKE = RestorerSpec(
    id="fake-restorer",
    label="Copies its input",
    parts=(PART,),
    names=("fake",),
    automatic=True,
    load=lambda context: FakeRestorer(),
    takes_references=True,
)


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[EntryPoint]]:
    """`added(name=value)`: entry points of a package `acme 1.2` that name these objects."""

    def make(**values: Any) -> list[EntryPoint]:
        info = tmp_path / "acme-1.2.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2\n")
        lines = [f"{name} = acme_objects:{name}" for name in values]
        (info / "entry_points.txt").write_text("\n".join([f"[{BACKENDS}]", *lines]))
        module = type(sys)("acme_objects")
        for name, value in values.items():
            setattr(module, name, value)
        monkeypatch.setitem(sys.modules, "acme_objects", module)
        return list(PathDistribution(info).entry_points)

    return make


def shipped() -> list[Any]:
    """What is in the package itself: the rest of the built-in ones needs files of the user."""
    nowhere = Path("/nowhere")
    return [s for s in find_backends("buffalo_l").builtin if not s.missing(nowhere)]


@pytest.mark.parametrize("spec", shipped(), ids=lambda s: s.id)
def test_what_ships_is_as_its_spec_says(spec: Any, tmp_path: Path):
    check_spec(spec, BackendContext(tmp_path))


def test_an_embedder_that_knows_damaged_faces_by_itself_is_as_its_spec_says(tmp_path: Path):
    context, specs = BackendContext(tmp_path), find_backends("buffalo_l").identifiers
    [look] = [s for s in specs if s.base == "arcface-buffalo_s"]
    assert look.calibration(context) is None, "not installed"
    [file] = look.parts[0].files
    (tmp_path / file.folder).mkdir(parents=True)
    (tmp_path / file.folder / file.filename).touch()
    check_spec(look, context)
    told, twins = look.calibration(context), look.twins(context)
    assert told is not None
    assert twins is not None
    second = locate(STUDENT_FILE)
    assert told.embedder == "arcface-buffalo_s/looks"
    assert twins.id == f"arcface-buffalo_s/twins-{sha256_of(second)[:8]}"
    assert twins.dim == 512 + second_dim(second)


def test_who_installs_a_restricted_model_is_told_to_accept_its_licence_first(tmp_path: Path):
    store = ModelStore(tmp_path, find_backends("buffalo_l"))
    [pack] = [m for m in INSIGHTFACE if m.id == "arcface-buffalo_s"]
    first, *others = _next(store, pack)
    assert first.startswith("accept its licence once: iconface models accept arcface-buffalo_s (InsightFace")
    accept_licence(pack, tmp_path)
    assert _next(store, pack) == others
    assert _next(store, AURAFACE)[0].startswith("choose it:"), "free licences need no agreement"


@pytest.mark.slow
@pytest.mark.parametrize("spec", [s for s in shipped() if isinstance(s, RestorerSpec)], ids=lambda s: s.id)
def test_the_shipped_restorers_keep_what_the_protocol_promises(spec: RestorerSpec, tmp_path: Path):
    check_restorer(spec.load(BackendContext(tmp_path)))


def test_every_name_means_one_backend_of_a_role():
    registry = find_backends("buffalo_s")
    for specs in (registry.detectors, registry.restorers):
        names = [n for s in specs for n in {s.id, *s.names}]
        assert len(names) == len(set(names))
    assert registry.detector("insightface").id == "scrfd-buffalo_s"
    assert registry.detector("scrfd-antelopev2").id == "scrfd-antelopev2"
    with pytest.raises(BackendUnavailableError, match="unknown restorer 'best'; known: auto, iconface, nano, waifu2x"):
        registry.restorer("best", BackendContext(Path("/nowhere")))


def test_the_largest_installed_adaface_is_meant(tmp_path: Path):
    here = BackendContext(tmp_path)
    registry = find_backends("buffalo_l")
    assert registry.embedder("auto", here).id == "sface-2021dec"
    for arch in ("18", "50"):
        (tmp_path / "adaface").mkdir(exist_ok=True)
        (tmp_path / "adaface" / f"adaface_ir{arch}.safetensors").touch()
    assert registry.embedder("auto", here).id == registry.embedder("adaface", here).id == "adaface-ir50"
    assert registry.embedder("adaface-ir18", here).id == "adaface-ir18"


def test_another_package_adds_a_restorer_that_is_never_chosen_by_itself(added: Any, tmp_path: Path):
    registry = find_backends("buffalo_l", added(fake=FAKE))
    assert registry.problems == ()
    assert [(e.origin, e.value.id) for e in registry.added] == [("acme 1.2", "fake-restorer")]
    here = Backends(registry, BackendContext(tmp_path))
    assert here.restorer("fake", []).load().id == here.restorer("fake-restorer", []).id == "fake-restorer"
    assert not registry.restorers[-1].automatic
    assert here.restorer("auto", []).id == "iconface-nano"
    row = ModelStore(tmp_path, registry).row("fake-restorer")
    assert (row["name"], row["installed"], row["bundled"], row["licence"]) == ("fake", True, False, "MIT")


def wrong(value: object) -> Any:
    """What another package may hand over, whatever our annotations say."""
    return value


BUILTIN_FILE = ModelFile("x", "x.bin", "x", None, None, "MIT", "", "", bundled=True)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no spec", "a BackendSpec or a tuple of them is wanted, not str"),
        ((), "a BackendSpec or a tuple of them is wanted"),
        ((FAKE, 3), "the spec of a role is wanted, not int"),
        (replace(FAKE, id=""), "id and label must be text"),
        (replace(FAKE, names=wrong("fake")), "names must be a tuple of text"),
        (replace(FAKE, load=wrong(FakeRestorer())), "load must be a function of a BackendContext"),
        (replace(FAKE, parts=()), "at least one"),
        (replace(FAKE, parts=(replace(PART, role="detector"),)), "models of the role restorer"),
        (replace(FAKE, parts=(replace(PART, files=(BUILTIN_FILE,)),)), "package of its own"),
        (replace(FAKE, id="iconface-nano"), "'iconface-nano' is taken by iconface itself"),
        (replace(FAKE, names=("nano",)), "'nano' is taken by iconface itself"),
        (replace(FAKE, names=("auto",)), "'auto' is taken by iconface itself"),
        (replace(FAKE, parts=(replace(PART, id="sface-2021dec"),)), "'sface-2021dec' is taken by iconface itself"),
        ((FAKE, FAKE), "is taken by acme 1.2"),
    ],
)
def test_what_is_wrong_or_would_replace_something_is_a_problem_and_not_used(added: Any, value: Any, why: str):
    registry = find_backends("buffalo_l", added(bad=value))
    [problem] = registry.problems
    assert why in str(problem)
    assert "acme 1.2" in str(problem)
    assert len(registry.added) == (value == (FAKE, FAKE))


def test_a_package_that_cannot_be_imported_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "acme-1.dist-info").mkdir()
    (tmp_path / "acme-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    (tmp_path / "acme-1.dist-info" / "entry_points.txt").write_text(
        f"[{BACKENDS}]\na = acme_gone:SPEC\nb = acme_exits:SPEC\nc = acme_raises:SPEC\nd = acme_fine:NONE\n"
    )
    (tmp_path / "acme_exits.py").write_text("raise SystemExit(66)\n")
    (tmp_path / "acme_raises.py").write_text("1 / 0\n")
    (tmp_path / "acme_fine.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    registry = find_backends("buffalo_l")
    assert [p.why.split(":")[0] for p in registry.problems] == [
        "ModuleNotFoundError",
        "SystemExit",
        "ZeroDivisionError",
        "AttributeError",
    ]


def test_code_that_fails_later_is_told_as_its_package_s(added: Any, tmp_path: Path):
    def fail(context: BackendContext) -> Any:
        raise KeyError("weights")

    registry = find_backends("buffalo_l", added(fake=replace(FAKE, load=fail, weights_sha256=lambda c: None)))
    load = Backends(registry, BackendContext(tmp_path)).restorer("fake", []).load
    with pytest.raises(BackendUnavailableError, match=r"fake-restorer \(acme 1.2\) fails: KeyError: 'weights'"):
        load()
    registry = find_backends("buffalo_l", added(fake=replace(FAKE, why_not=fail)))
    with pytest.raises(BackendUnavailableError, match=r"acme 1\.2"):
        registry.restorer("fake", BackendContext(tmp_path))


def test_only_the_registry_asks_for_an_id():
    """Who wants to know something of a backend asks its spec: then one of another package is served too."""
    ids = {spec.id for spec in find_backends("buffalo_l", []).builtin} | {"flux2-klein-base-4b", "iconface-checkpoint"}
    names = {n for spec in find_backends("buffalo_l", []).builtin for n in spec.names} - {"iconface"}
    allowed = {
        PLUGIN / "models" / "builtin.py",
        PLUGIN / "models" / "iconface_backend.py",
        PLUGIN / "settings.py",  # a default is what a user would write
        PLUGIN / "demo" / "sample.py",  # the Python package of that name, for its picture
    }
    quoted = re.compile("|".join(f"[\"']{re.escape(word)}[\"']" for word in sorted(ids | names)))
    found = {
        f"{path.relative_to(PLUGIN)}: {match[0]}"
        for path in PLUGIN.rglob("*.py")
        if path not in allowed and path.parent.name != "training"
        for match in quoted.finditer(path.read_text("utf-8"))
    }
    assert found == set()


def test_the_registry_is_listed_without_a_model_runtime():
    code = (
        "import sys; from plugin.models.registry import find_backends; find_backends('buffalo_l').parts;"
        "print([m for m in ('torch', 'onnxruntime', 'insightface', 'ncnn', 'cv2', 'diffusers') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PLUGIN.parent)
    assert out.stdout.strip() == "[]"
