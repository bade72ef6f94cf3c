"""The models on this machine: what is installed, whether the files are the pinned ones, and how to get more."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.images.leftovers import temporary
from iconface_core.models.catalogue import CHECKPOINT, KLEIN
from iconface_core.models.files import Backend, accept_licence, fetch, install_files, is_accepted, locate, verify_file

from ..errors import UsageError
from ..rows import Row
from .iconface_backend import IconFaceFiles
from .registry import Registry


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
            if part.id == model_id:
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

    def install(self, source: Path, backend_id: str | None = None) -> Path:
        """Install an AdaFace checkpoint from a file (converted, strict on its keys), or with `backend_id`
        a model of an InsightFace pack from its folder (hash-checked).

        Raises WeightsError when it is not what it should be, UsageError when there is nothing at `source`.
        """
        if backend_id is not None and source.is_dir():
            entry = self._part(backend_id)
            if not entry.files:
                raise UsageError(
                    f"{backend_id} has no files to install from a folder: iconface models show {backend_id}"
                )
            return install_files(entry, source, self.folder)[0]
        if not source.is_file():
            raise UsageError(f"{source} is not a file; for a folder of an InsightFace pack say --model MODEL")
        from iconface_core.faces.adaface_files import install_adaface  # torch: only when something is installed

        return install_adaface(source, self.folder)

    def pull(
        self,
        model: str,
        *,
        text_encoder: bool = False,
        on_progress: Callable[[str, int, int], None] | None = None,
    ) -> Path:
        """Download and install a published model. `text_encoder` and `on_progress` are of the backbone.

        Raises BackendUnavailableError offline, naming the way out.
        """
        if model == KLEIN.id:
            return self._pull_backbone(text_encoder=text_encoder, on_progress=on_progress)
        download = temporary(self.folder / "downloads" / f"{model}.bin")
        try:
            return self.install(fetch(self._part(model), download))
        finally:
            download.unlink(missing_ok=True)

    def download_of(self, model: str) -> str:
        """What `pull` would fetch, in words. Raises BackendUnavailableError for what is not published."""
        if model == KLEIN.id:
            return "black-forest-labs/FLUX.2-klein-base-4B, 8.1 GB, Apache-2.0"
        entry = self._part(model)
        if entry.pull_url is None:
            raise BackendUnavailableError(f"{model}: no file is published for it; use `iconface models install FILE`.")
        return f"{entry.pull_url}, {entry.licence}"

    def _pull_backbone(self, *, text_encoder: bool, on_progress: Callable[[str, int, int], None] | None) -> Path:
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
