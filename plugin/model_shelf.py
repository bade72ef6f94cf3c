"""The models on this machine: what is installed, whether the files are the pinned ones, and how to get more."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.model_catalogue import backend, catalogue
from iconface_core.model_files import Backend, accept_licence, fetch, is_accepted, locate, verify_file

from .errors import UsageError
from .rows import Row


@dataclass(frozen=True, slots=True)
class ModelShelf:
    """All known backends over one folder of installed files."""

    folder: Path

    def rows(self) -> list[Row]:
        """`models list`: one row per backend."""
        return [self.row(b.id) for b in catalogue()]

    def row(self, backend_id: str) -> Row:
        """`models show`. Raises BackendUnavailableError for an unknown id."""
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

    def install(self, source: Path) -> Path:
        """Install an AdaFace checkpoint from a file: converted to safetensors, strict on its keys.

        Raises WeightsError when it is not one, UsageError when there is no such file.
        """
        if not source.is_file():
            raise UsageError(f"{source} is not a file")
        from iconface_core.faces.adaface_files import install_adaface  # torch: only when something is installed

        return install_adaface(source, self.folder)

    def pull(self, backend_id: str, on_progress: Callable[[int, int | None], None] | None = None) -> Path:
        """Download and install a published backend. Raises BackendUnavailableError offline, naming the way out."""
        download = self.folder / "downloads" / f"{backend_id}.bin"
        try:
            return self.install(fetch(backend(backend_id), download, on_progress))
        finally:
            download.unlink(missing_ok=True)

    def accept(self, backend_id: str) -> Backend:
        """Record that the user accepted a restricted licence."""
        entry = backend(backend_id)
        accept_licence(entry, self.folder)
        return entry
