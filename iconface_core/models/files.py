"""What model files exist, under which licence, where they lie, and whether they are the ones we pinned.

Free of model runtimes: `iconface models list` must not load one. `catalogue.py` holds the entries.
Bundled files lie in `iconface_core/weights/FOLDER/`, files the user installs in `MODEL_DIR/FOLDER/`.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from iconface_core.codec import CodecError, decode_json
from iconface_core.errors import BackendUnavailableError, LicenceNotAcceptedError, WeightsError
from iconface_core.images.leftovers import temporary

BUNDLED = Path(__file__).parents[1] / "weights"
ACCEPTED = "accepted-licences.json"
Role = Literal["detector", "embedder", "identifier", "age", "restorer", "parser", "inpainter", "colouriser"]
Color = Literal["BGR", "RGB"]
OnnxProvider = Literal["cpu", "cuda", "directml", "coreml", "openvino"]
"""What onnxruntime computes on, by the words of settings."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file. `sha256` or `size` (bytes) is None where no trustworthy source states it; then the keys and shapes
    are checked strictly at installation and the hash found there is recorded beside the file.

    `package`: an importable package and a folder in it ("name/folder") that brings the file, where it is not installed
    as one's own.
    """

    name: str
    filename: str
    folder: str
    sha256: str | None
    size: int | None
    licence: str
    licence_url: str
    source: str
    bundled: bool = False
    notes: str = ""
    package: str | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """One model: its licence and its files. `dim` is the length of an embedder's vectors.

    `pull_url` is where `download.fetch` finds the published file, `pull_sha256` its pin, `pull_color` the channel order
    it was trained on where its publisher states one. `folder`: it is this folder of MODEL_DIR, whose files are not
    listed here. `extra`: the optional part of iconface ("pip install iconface[EXTRA]") that brings it.
    """

    id: str
    role: Role
    title: str
    licence: str
    licence_url: str | None
    files: tuple[ModelFile, ...]
    non_commercial: bool = False
    dim: int | None = None
    pull_url: str | None = None
    pull_sha256: str | None = None
    pull_color: Color | None = None
    folder: str | None = None
    notes: str = ""
    extra: str | None = None


def install_files(backend: Backend, source: Path, model_dir: Path) -> list[Path]:
    """Copy the backend's files from a folder the user has (an unpacked model pack), or its only file under whatever
    name, into `model_dir`, checked first.

    Raises BackendUnavailableError when one is not in the folder, WeightsError when one is not the pinned file; then
    nothing has been installed.
    """
    given = [source if source.is_file() else source / file.filename for file in backend.files]
    for file, path in zip(backend.files, given, strict=True):
        if not path.is_file():
            raise BackendUnavailableError(
                f"{source}: has no {file.filename}; unpack {file.source} and name its folder."
            )
        verify_file(path, file)
    targets = [installed_path(file, model_dir) for file in backend.files]
    for path, target in zip(given, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = temporary(target)
        shutil.copyfile(path, partial)
        partial.replace(target)
    return targets


def installed_path(model_file: ModelFile, model_dir: Path) -> Path:
    """Where a file that does not ship lies, or would."""
    return model_dir / model_file.folder / model_file.filename


def in_package(place: str, filename: str) -> Path | None:
    """Where a file of an installed package would lie, `place` being "name/folder"; None without the package. Imports
    nothing of it."""
    name, _, folder = place.partition("/")
    spec = find_spec(name)
    places = None if spec is None else spec.submodule_search_locations
    return next((Path(p) / folder / filename for p in places or ()), None)


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def locate(model_file: ModelFile, model_dir: Path | None = None) -> Path:
    """Where the file lies. Raises BackendUnavailableError when it is not there; the content is not looked at."""
    if model_file.bundled:
        path = BUNDLED / model_file.folder / model_file.filename
        way_out = "reinstall iconface"
    elif model_dir is None:
        raise BackendUnavailableError(f"{model_file.name} does not ship with iconface and no model folder was given.")
    else:
        path = installed_path(model_file, model_dir)
        way_out = f"install it with `iconface models install FILE` (from {model_file.source})"
    if model_file.package is not None and not path.is_file():
        path = in_package(model_file.package, model_file.filename) or path
        way_out = f"it comes with {model_file.source}"
    if not path.is_file():
        raise BackendUnavailableError(f"{path}: {model_file.name} is not installed; {way_out}.")
    return path


def verify_file(path: Path, model_file: ModelFile) -> None:
    """Check size and SHA-256 against the pin. Raises WeightsError naming the path and what was found.

    A file without a pin passes if it exists and is not empty: its loader checks keys and shapes.
    """
    try:
        size = path.stat().st_size
        found = sha256_of(path) if model_file.sha256 else None
    except OSError as e:
        raise WeightsError(f"{path}: cannot be read ({e}). {_replace(model_file)}") from e
    expected = model_file.size if model_file.size is not None else max(size, 1)
    if size != expected:
        raise WeightsError(f"{path}: {size} bytes, expected {expected}; it is damaged. {_replace(model_file)}")
    if found != model_file.sha256:
        raise WeightsError(
            f"{path}: SHA-256 is {found}, {model_file.name} is pinned to {model_file.sha256}. {_replace(model_file)}"
        )


def locate_verified(model_file: ModelFile, model_dir: Path | None = None) -> Path:
    """`locate`, then `verify_file`."""
    path = locate(model_file, model_dir)
    verify_file(path, model_file)
    return path


def _replace(model_file: ModelFile) -> str:
    return "Reinstall iconface." if model_file.bundled else f"Get it again from {model_file.source}."


def is_accepted(backend: Backend, model_dir: Path) -> bool:
    """Whether the user has agreed to this backend's licence. Free licences need no agreement, nor does what ships: its
    licence came with the package."""
    ships = all(file.bundled for file in backend.files)
    return ships or not backend.non_commercial or backend.licence in _acceptances(model_dir)


def require_licence(backend: Backend, model_dir: Path) -> None:
    """Raises LicenceNotAcceptedError when a non-commercial licence has not been accepted yet."""
    if not is_accepted(backend, model_dir):
        raise LicenceNotAcceptedError(
            f"{backend.id}: its model files are licensed for non-commercial research only "
            f"({backend.licence}, {backend.licence_url}). Accept it once with `iconface models accept {backend.id}`."
        )


def accept_licence(backend: Backend, model_dir: Path) -> None:
    """Record in `MODEL_DIR/accepted-licences.json` that the user agreed: once per licence, for all it covers."""
    accepted = _acceptances(model_dir)
    if backend.licence in accepted:
        return
    accepted[backend.licence] = {
        "asked_for": backend.id,
        "licence_url": backend.licence_url,
        "accepted_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    model_dir.mkdir(parents=True, exist_ok=True)
    partial = temporary(model_dir / ACCEPTED)
    partial.write_text(json.dumps(accepted, indent=2) + "\n", encoding="utf-8")
    partial.replace(model_dir / ACCEPTED)


def _acceptances(model_dir: Path) -> dict[str, dict[str, str | None]]:
    """A missing or unreadable record accepts nothing."""
    try:
        return decode_json(dict[str, dict[str, str | None]], (model_dir / ACCEPTED).read_bytes(), ACCEPTED)
    except (OSError, CodecError):
        return {}
