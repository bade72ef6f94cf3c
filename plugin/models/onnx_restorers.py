"""Restorers that are one ONNX file each: those of the catalogue, and files of a user's own, which lie in
`MODELS/own/NAME-HASH.onnx` with what was found out about them in `MODELS/own/NAME.json`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from iconface_core.codec import CodecError, decode_json, encode_json
from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.extensions.backends import BackendContext, BackendSpec, RestorerSpec
from iconface_core.images.leftovers import temporary
from iconface_core.models.files import (
    Backend,
    ModelFile,
    is_accepted,
    locate,
    locate_verified,
    require_licence,
    sha256_of,
)
from iconface_core.restorers.onnx.profile import PROFILES, OnnxProfile

from ..errors import UsageError
from ..extensions import BACKENDS, Extension, Problem

if TYPE_CHECKING:
    from iconface_core.protocols import FaceRestorer

OWN = "own"
"""The folder of files of a user's own."""

ORIGIN = "a file of your own"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class OwnRestorer(Struct, frozen=True):
    """What is kept of a file of a user's own. `like` is the layout it was installed with, `profile` what was found."""

    name: str
    like: str
    sha256: str
    bytes: int
    profile: OnnxProfile

    @property
    def filename(self) -> str:
        """With the hash in it: what replaces an older file of that name lies beside it until it is complete."""
        return f"{self.name}-{self.sha256[:12]}.onnx"

    @property
    def model(self) -> Backend:
        """Its entry, as if the catalogue had one. Nobody but its user knows its licence."""
        licence = "yours to know: a file of your own"
        file = ModelFile(self.name, self.filename, OWN, self.sha256, self.bytes, licence, "", ORIGIN)
        return Backend(self.name, "restorer", self.name, licence, None, (file,), notes=f"like {self.like}")


def onnx_restorer(model: Backend, profile: OnnxProfile, *, names: tuple[str, ...] = (), way_out: str) -> RestorerSpec:
    """The spec of a restorer whose model is one pinned ONNX file. `way_out`: the command that installs it."""
    [file] = model.files

    def why_not(context: BackendContext) -> list[str]:
        try:
            locate(file, context.models)
        except BackendUnavailableError:
            return [f"{model.title} is not installed: {way_out}"]
        if not is_accepted(model, context.models):
            return [f"its licence was not accepted: iconface models accept {model.id}"]
        if context.onnx_provider == "cpu":
            return []
        from iconface_core.faces.onnx_graph import why_no_provider

        why = why_no_provider(context.onnx_provider)
        return [] if why is None else [why]

    def load(context: BackendContext) -> FaceRestorer:
        from iconface_core.restorers.onnx.restorer import OnnxRestorer

        require_licence(model, context.models)
        path = locate_verified(file, context.models)
        digest = file.sha256 or sha256_of(path)
        return OnnxRestorer(model.id, path, profile, weights_sha256=digest, provider=context.onnx_provider)

    return RestorerSpec(
        id=model.id,
        label=model.title,
        parts=(model,),
        names=names,
        why_not=why_not,
        load=load,
        takes_references=False,
        works_at=profile.size,
        weights_sha256=lambda context: file.sha256,
    )


def own_restorers(models: Path) -> tuple[list[Extension[BackendSpec]], list[Problem]]:
    """The files of a user's own in this models folder, and the records that cannot be read."""
    found: list[Extension[BackendSpec]] = []
    problems: list[Problem] = []
    for path in sorted((models / OWN).glob("*.json")):
        try:
            own = decode_json(OwnRestorer, path.read_bytes(), str(path))
            if own.name != path.stem or not _NAME.fullmatch(own.name):
                raise CodecError(f"{path} is of {own.name!r}")
        except (CodecError, OSError) as e:
            problems.append(Problem(ORIGIN, BACKENDS, path.stem, str(e)))
            continue
        spec = onnx_restorer(own.model, own.profile, way_out="iconface models install FILE")
        found.append(Extension(ORIGIN, own.name, spec))
    return found, problems


def install_own(source: Path, models: Path, *, like: str, name: str | None, taken: Set[str]) -> OwnRestorer:
    """Copy a user's own ONNX file into the models folder, try it there on a drawn face, and remember what it is.

    `like` is a key of PROFILES. `name` is what it is called from then on, by default its file's name; one installed
    before under that name is replaced, `taken` are names of others. Raises UsageError for a name that cannot be, and
    WeightsError when the file is not what it should be; then nothing has been installed.
    """
    if like not in PROFILES:
        raise UsageError(f"--like {like}: known are {', '.join(PROFILES)}")
    called = name if name is not None else re.sub(r"[^a-z0-9._-]+", "-", source.stem.lower()).strip("-._")
    if not _NAME.fullmatch(called):
        raise UsageError(
            f"{called!r} cannot be a name: small letters, digits, '.', '_' and '-', at most 64; use --name"
        )
    if called in taken:
        raise UsageError(f"{called} is the name of another model; choose one with --name")
    from iconface_core.restorers.onnx.probe import probe  # onnxruntime: only when something is installed

    folder = models / OWN
    folder.mkdir(parents=True, exist_ok=True)
    partial = temporary(folder / f"{called}.onnx")
    try:
        shutil.copyfile(source, partial)
        profile = probe(partial, PROFILES[like])
        own = OwnRestorer(called, like, sha256_of(partial), partial.stat().st_size, profile)
        partial.replace(folder / own.filename)
    except WeightsError as e:
        raise WeightsError(str(e).replace(str(partial), str(source))) from e
    finally:
        partial.unlink(missing_ok=True)
    record = temporary(folder / f"{called}.json")
    record.write_text(encode_json(own, indent=2) + "\n", encoding="utf-8")
    record.replace(folder / f"{called}.json")
    for old in folder.glob(f"{called}-*.onnx"):
        if re.fullmatch(re.escape(called) + r"-[0-9a-f]{12}\.onnx", old.name) and old.name != own.filename:
            old.unlink(missing_ok=True)
    return own
