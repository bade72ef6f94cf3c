"""The models on this machine: what is installed, whether the files are the pinned ones, and how to get more."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.models.catalogue import CHECKPOINT, KLEIN
from iconface_core.models.files import (
    Backend,
    accept_licence,
    install_files,
    installed_path,
    is_accepted,
    locate,
    require_licence,
    verify_file,
)

from ..errors import UsageError
from ..rows import Row
from .iconface_backend import IconFaceFiles
from .onnx_restorers import ORIGIN, install_own
from .registry import Registry


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model and the file that was installed for it, the first of several."""

    path: Path
    model: Backend


@dataclass(frozen=True, slots=True)
class ModelStore:
    """All known models over one folder of installed files."""

    folder: Path
    registry: Registry

    def rows(self) -> list[Row]:
        """`models list`: one row per model."""
        return [self._row(part) for part in self.registry.parts]

    def row(self, model_id: str) -> Row:
        """`models show`. Raises BackendUnavailableError for an unknown id."""
        return self._row(self._part(model_id))

    def _part(self, model_id: str) -> Backend:
        for part in self.registry.parts:
            if model_id in (part.id, self.registry.called(part)):
                return part
        known = ", ".join(part.id for part in self.registry.parts)
        raise BackendUnavailableError(f"unknown backend {model_id!r}; known: {known}")

    def _row(self, entry: Backend) -> Row:
        if entry == CHECKPOINT:
            entry = self._checkpoint()
        return {
            "id": entry.id,
            "name": self.registry.called(entry),
            "role": entry.role,
            "title": entry.title,
            "installed": self.installed(entry),
            "bundled": bool(entry.files) and all(f.bundled for f in entry.files),
            "licence": entry.licence,
            "licence_url": entry.licence_url,
            "non_commercial": entry.non_commercial,
            "licence_accepted": is_accepted(entry, self.folder),
            "dim": entry.dim,
            "files": [
                {"name": f.name, "filename": f.filename, "sha256": f.sha256, "bytes": f.size, "source": f.source}
                for f in entry.files
            ],
            "notes": entry.notes,
        }

    def _checkpoint(self) -> Backend:
        """What its publisher states, and where it is."""
        folder = IconFaceFiles(self.folder).checkpoint
        try:
            licence = str(json.loads((folder / "config.json").read_text("utf-8")).get("licence"))
        except (OSError, ValueError):
            licence = CHECKPOINT.licence
        return replace(CHECKPOINT, licence=licence, notes=str(folder))

    def installed(self, entry: Backend) -> bool:
        """Whether all files are there (not whether they are intact: see `verify`)."""
        if entry.folder is not None and not (self.folder / entry.folder).is_dir():
            return False
        try:
            for file in entry.files:
                locate(file, self.folder)
        except BackendUnavailableError:
            return False
        return True

    def verify(self, backend_id: str | None = None) -> list[Row]:
        """Hash the installed files of one backend or of all: rows of {id, file, ok, message}."""
        rows: list[Row] = []
        for entry in self.registry.parts if backend_id is None else (self._part(backend_id),):
            if backend_id is None and not self.installed(entry):
                continue
            for file in entry.files:
                try:
                    path = locate(file, self.folder)
                    verify_file(path, file)
                    rows.append({"id": entry.id, "file": str(path), "ok": True, "message": "as pinned"})
                except (BackendUnavailableError, WeightsError) as e:
                    rows.append({"id": entry.id, "file": file.filename, "ok": False, "message": str(e)})
        return rows

    def install(
        self, source: Path, backend_id: str | None = None, *, like: str | None = None, name: str | None = None
    ) -> InstalledModel:
        """Install a model the user has. With `like`, an ONNX restorer of his own of that layout, called `name`; with
        `backend_id` a known model from its file or from the folder of its pack (hash-checked); else an AdaFace
        checkpoint (converted, strict on its keys).

        Raises WeightsError when it is not what it should be, UsageError when there is nothing at `source`.
        """
        if like is None and name is not None:
            raise UsageError("--name is for a file of your own: say with --like which layout it has")
        if like is not None and backend_id is not None:
            raise UsageError("--like is for a file of your own, --model for a known one: choose one")
        entry = None if backend_id is None else self._part(backend_id)
        if entry is not None and (source.is_dir() or _is_one_pinned_file(entry)):
            if not entry.files:
                raise UsageError(
                    f"{backend_id} has no files to install from a folder: iconface models show {backend_id}"
                )
            return InstalledModel(install_files(entry, source, self.folder)[0], entry)
        if not source.is_file():
            raise UsageError(f"{source} is not a file; for a folder of an InsightFace pack say --model MODEL")
        if like is not None:
            mine = {e.value.id for e in self.registry.added if e.origin == ORIGIN}
            own = install_own(source, self.folder, like=like, name=name, taken=self.registry.names - mine)
            return InstalledModel(installed_path(own.model.files[0], self.folder), own.model)
        if source.suffix.lower() == ".onnx":
            raise UsageError(f"{source} is an ONNX file: say with --like what it is like, or with --model which it is")
        from iconface_core.faces.adaface_files import install_adaface  # torch: only when something is installed

        path = install_adaface(source, self.folder)
        return InstalledModel(
            path, next(p for p in self.registry.parts if any(f.filename == path.name for f in p.files))
        )

    def pull(
        self,
        model: str,
        *,
        text_encoder: bool = False,
        on_progress: Callable[[str, int, int | None], None] | None = None,
    ) -> InstalledModel:
        """Download and install a published model, unless it is here and whole; goes on where an earlier pull stopped.
        `on_progress(file, bytes done, bytes in all)`. `text_encoder` is of the backbone.

        Raises LicenceNotAcceptedError before anything is fetched, BackendUnavailableError offline, naming the way out,
        and WeightsError when it is not the pinned file; then nothing has been installed.
        """
        entry = self._part(model)
        require_licence(entry, self.folder)
        if entry == KLEIN:
            return InstalledModel(self._pull_backbone(text_encoder=text_encoder, on_progress=on_progress), entry)
        pinned = _is_one_pinned_file(entry)
        if pinned and self.installed(entry) and all(row["ok"] for row in self.verify(entry.id)):
            return InstalledModel(locate(entry.files[0], self.folder), entry)
        from iconface_core.models.download import fetch  # nothing else needs what the network needs

        tell = None if on_progress is None else partial(on_progress, Path(entry.pull_url or "").name)
        download = fetch(entry, self.folder, tell)
        if not pinned:
            try:
                return self.install(download)
            finally:
                download.unlink(missing_ok=True)
        target = installed_path(entry.files[0], self.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        download.replace(target)
        return InstalledModel(target, entry)

    def download_of(self, model: str) -> str:
        """What `pull` would fetch, in words. Raises BackendUnavailableError for what is not published."""
        entry = self._part(model)
        if entry == KLEIN:
            return "black-forest-labs/FLUX.2-klein-base-4B, 8.1 GB, Apache-2.0"
        if entry.pull_url is None:
            raise BackendUnavailableError(f"{model}: no file is published for it; use `iconface models install FILE`.")
        size = next((f"{f.size / 1e6:.0f} MB, " for f in entry.files if f.size is not None), "")
        return f"{entry.pull_url}, {size}{entry.licence}"

    def _pull_backbone(self, *, text_encoder: bool, on_progress: Callable[[str, int, int | None], None] | None) -> Path:
        """Download FLUX.2-klein-base-4B (8.1 GB), and the text encoder that `encode-prompt` needs (8 GB more).

        Resumes where it stopped. Raises BackendUnavailableError offline or when the disk is too small.
        """
        from iconface_core.models.hub import FLUX2_KLEIN_BASE_4B, TEXT_ENCODER, pull

        folder = IconFaceFiles(self.folder).backbone
        for spec in (FLUX2_KLEIN_BASE_4B, *((TEXT_ENCODER,) if text_encoder else ())):
            pull(spec, folder, on_progress=on_progress)
        return folder

    def import_faceir(self, file: Path) -> Path:
        """Make an IconFace checkpoint (concat only) from the authors' published FaceIR LoRA. Raises WeightsError."""
        if not file.is_file():
            raise UsageError(f"{file} is not a file")
        from iconface_core.restorers.iconface.faceir import import_faceir

        folder = IconFaceFiles(self.folder).checkpoint
        if folder.exists():
            raise UsageError(f"{folder} holds a checkpoint already; move it away first")
        import_faceir(file, folder)
        return folder

    def encode_prompt(self) -> Path:
        """Encode the checkpoint's prompt once, with the text encoder, and store it in the checkpoint.

        Raises BackendUnavailableError when transformers or the encoder is missing, WeightsError without a checkpoint.
        """
        from iconface_core.restorers.iconface.checkpoint import add_prompt, read_config
        from iconface_core.restorers.iconface.prompt import encode_prompt

        files = IconFaceFiles(self.folder)
        config, _ = read_config(files.checkpoint)
        add_prompt(files.checkpoint, encode_prompt(config.sampling, files.backbone))
        return files.checkpoint

    def accept(self, backend_id: str) -> Backend:
        """Record that the user accepted a restricted licence."""
        entry = self._part(backend_id)
        accept_licence(entry, self.folder)
        return entry


def _is_one_pinned_file(entry: Backend) -> bool:
    """Whether a file can be told to be this model: what is converted at installation has no pin."""
    return len(entry.files) == 1 and entry.files[0].sha256 is not None
