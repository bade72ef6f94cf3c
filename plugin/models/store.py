"""The models on this machine: what is installed, whether the files are the pinned ones, and how to get more."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.images.leftovers import temporary
from iconface_core.models.catalogue import backend, catalogue
from iconface_core.models.files import Backend, accept_licence, fetch, install_files, is_accepted, locate, verify_file
from plugin.errors import UsageError
from plugin.rows import Row

from .iconface_backend import IconFaceFiles

BACKBONE = "flux2-klein-base-4b"


@dataclass(frozen=True, slots=True)
class ModelStore:
    """All known backends over one folder of installed files."""

    folder: Path

    def rows(self) -> list[Row]:
        """`models list`: one row per backend, and IConFace's backbone and checkpoint."""
        return [self.row(b.id) for b in catalogue()] + [self._backbone(), self._checkpoint()]

    def row(self, backend_id: str) -> Row:
        """`models show`. Raises BackendUnavailableError for an unknown id."""
        for row in (self._backbone(), self._checkpoint()):
            if row["id"] == backend_id:
                return row
        entry = backend(backend_id)
        return {
            "id": entry.id,
            "role": entry.role,
            "title": entry.title,
            "installed": self.installed(entry),
            "bundled": all(f.bundled for f in entry.files),
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

    def _backbone(self) -> Row:
        installed = IconFaceFiles(self.folder).backbone.is_dir()
        page = "https://huggingface.co/black-forest-labs/FLUX.2-klein-base-4B"
        return _restorer_row(
            BACKBONE, "FLUX.2-klein-base-4B", installed, "Apache-2.0", page, "IConFace's backbone, 8.1 GB"
        )

    def _checkpoint(self) -> Row:
        folder = IconFaceFiles(self.folder).checkpoint
        try:
            licence = str(json.loads((folder / "config.json").read_text("utf-8")).get("licence"))
        except (OSError, ValueError):
            licence = "stated by its publisher, inside it"
        return _restorer_row("iconface-checkpoint", "IConFace checkpoint", folder.is_dir(), licence, None, str(folder))

    def installed(self, entry: Backend) -> bool:
        """Whether all files are there (not whether they are intact: see `verify`)."""
        try:
            for file in entry.files:
                locate(file, self.folder)
        except BackendUnavailableError:
            return False
        return True

    def verify(self, backend_id: str | None = None) -> list[Row]:
        """Hash the installed files of one backend or of all: rows of {id, file, ok, message}."""
        rows: list[Row] = []
        for entry in catalogue() if backend_id is None else (backend(backend_id),):
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
            return install_files(backend(backend_id), source, self.folder)[0]
        if not source.is_file():
            raise UsageError(f"{source} is not a file; for a folder of an InsightFace pack say --model MODEL")
        from iconface_core.faces.adaface_files import install_adaface  # torch: only when something is installed

        return install_adaface(source, self.folder)

    def pull(self, backend_id: str, on_progress: Callable[[int, int | None], None] | None = None) -> Path:
        """Download and install a published backend. Raises BackendUnavailableError offline, naming the way out."""
        download = temporary(self.folder / "downloads" / f"{backend_id}.bin")
        try:
            return self.install(fetch(backend(backend_id), download, on_progress))
        finally:
            download.unlink(missing_ok=True)

    def download_of(self, model: str) -> str:
        """What `pull` would fetch, in words. Raises BackendUnavailableError for what is not published."""
        if model == BACKBONE:
            return "black-forest-labs/FLUX.2-klein-base-4B, 8.1 GB, Apache-2.0"
        entry = backend(model)
        if entry.pull_url is None:
            raise BackendUnavailableError(f"{model}: no file is published for it; use `iconface models install FILE`.")
        return f"{entry.pull_url}, {entry.licence}"

    def pull_backbone(self, *, text_encoder: bool, on_progress: Callable[[str, int, int], None] | None = None) -> Path:
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
        entry = backend(backend_id)
        accept_licence(entry, self.folder)
        return entry


def _restorer_row(key: str, title: str, installed: bool, licence: str, licence_url: str | None, notes: str) -> Row:
    return {
        "id": key,
        "role": "restorer",
        "title": title,
        "installed": installed,
        "bundled": False,
        "licence": licence,
        "licence_url": licence_url,
        "non_commercial": False,
        "licence_accepted": True,
        "dim": None,
        "files": [],
        "notes": notes,
    }
