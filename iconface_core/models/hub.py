"""Fetch the backbone from the Hugging Face Hub: pinned to one commit, resumable, every file checked against the hub's
own hash. What has no commit of its own stays on that of the first pull, which is written beside the files."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from msgspec import Struct

from iconface_core.codec import CodecError, decode_json, encode_json
from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.untyped import lazy

PIN = "iconface-pull.json"

DownloadProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class PullSpec:
    """What to fetch. `revision` None means: the recorded commit if there is one, else the newest."""

    repo_id: str
    patterns: tuple[str, ...]
    licence: str
    revision: str | None = None


FLUX2_KLEIN_BASE_4B = PullSpec(
    "black-forest-labs/FLUX.2-klein-base-4B",
    ("transformer/*", "vae/*", "model_index.json", "LICENSE*"),
    "Apache-2.0",
    "a3b4f4849157f664bdbc776fd7453c2783562f4d",  # what a dozen public projects pin, with these folders
)
TEXT_ENCODER = replace(FLUX2_KLEIN_BASE_4B, patterns=("text_encoder/*", "tokenizer/*"))


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of the hub: LFS files carry their SHA-256, small ones their git blob id (SHA-1)."""

    path: str
    size: int
    sha256: str | None
    blob_id: str | None


def pull(
    spec: PullSpec,
    folder: Path,
    *,
    endpoint: str | None = None,
    on_progress: DownloadProgress | None = None,
) -> str:
    """Download what is missing into `folder` and return the commit. `on_progress(file, bytes done, bytes in all)` runs
    before each file, during it (about every 10 MB) and at the end, and may raise to cancel; a later call resumes.

    Raises BackendUnavailableError when the hub cannot be reached or the disk is too small, WeightsError when a file
    does not match its hash after a second download.
    """
    folder.mkdir(parents=True, exist_ok=True)
    commit, files = _list(spec, folder, endpoint)
    pin = _pin(folder)
    checked = dict(pin.checked) if pin is not None and pin.commit == commit else {}  # another's checks prove nothing
    pending = [f for f in files if not _complete(folder / f.path, f, trust=checked.get(f.path))]
    needed, total = sum(f.size for f in pending), sum(f.size for f in files)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise BackendUnavailableError(
            f"{folder} has {free / 1e9:.1f} GB free, {spec.repo_id} needs {needed / 1e9:.1f} GB more: free some space "
            f"or choose another folder"
        )
    done = total - needed
    checked |= {f.path: _stamp(folder / f.path) for f in files if f not in pending}
    _record(folder, spec, commit, checked)
    for file in pending:
        report = _Report(on_progress, file, done, total)
        report(0)
        _fetch(spec, commit, file, folder, endpoint, report)
        done += file.size
        checked[file.path] = _stamp(folder / file.path)
        _record(folder, spec, commit, checked)
    if on_progress is not None:
        on_progress("", done, total)
    return commit


def _list(spec: PullSpec, folder: Path, endpoint: str | None) -> tuple[str, list[RemoteFile]]:
    from huggingface_hub import HfApi

    pin = _pin(folder)
    pinned = spec.revision or (None if pin is None else pin.commit)
    try:
        info = HfApi(endpoint=endpoint).model_info(spec.repo_id, revision=pinned, files_metadata=True)
    except Exception as e:  # the client's error types differ between its HTTP back ends
        raise BackendUnavailableError(_offline(spec, folder, e)) from e
    files = [
        RemoteFile(s.rfilename, s.size or 0, s.lfs.sha256 if s.lfs else None, s.blob_id)
        for s in info.siblings or ()
        if any(fnmatch(s.rfilename, pattern) for pattern in spec.patterns)
    ]
    for file in files:
        if ".." in Path(file.path).parts or Path(file.path).is_absolute():
            raise WeightsError(f"{spec.repo_id} lists {file.path!r}, which leads out of {folder}; nothing was fetched")
    if not files or info.sha is None:
        raise BackendUnavailableError(f"{spec.repo_id} at {pinned or 'main'} has none of {', '.join(spec.patterns)}")
    return info.sha, files


class _Report:
    """Progress of one file inside the whole pull. Never goes back, whatever retries the client makes."""

    def __init__(self, on_progress: DownloadProgress | None, file: RemoteFile, before: int, total: int) -> None:
        self._on_progress, self._file, self._before, self._total = on_progress, file, before, total
        self._most = 0
        self.cancelled: BaseException | None = None

    def __call__(self, done: int) -> None:
        self._most = max(self._most, min(done, self._file.size))
        if self._on_progress is None:
            return
        try:
            self._on_progress(self._file.path, self._before + self._most, self._total)
        except BaseException as e:
            self.cancelled = e
            raise


def _fetch(spec: PullSpec, commit: str, file: RemoteFile, folder: Path, endpoint: str | None, report: _Report) -> None:
    """One file, to `<name>.<commit>.part` first: `hf_hub_download` starts a broken download from the beginning again,
    which resumes nothing of an 8 GB file."""
    from huggingface_hub import hf_hub_url

    http_get = lazy("huggingface_hub.file_download", "http_get")
    headers = lazy("huggingface_hub.utils", "build_hf_headers")()
    url = hf_hub_url(spec.repo_id, file.path, revision=commit, endpoint=endpoint)
    target = folder / file.path
    part = target.with_name(f"{target.name}.{commit[:8]}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(2):
        try:
            with part.open("ab") as f:
                if f.tell() < file.size or not file.size:
                    http_get(
                        url,
                        f,
                        resume_size=f.tell(),
                        headers=headers,
                        expected_size=file.size,
                        tqdm_class=_silent_bar(report),
                    )
        except Exception as e:  # as above
            if report.cancelled is not None:
                raise report.cancelled from None
            raise BackendUnavailableError(_offline(spec, folder, e)) from e
        if _matches(part, file):
            part.replace(target)
            return
        part.unlink()
    raise WeightsError(f"{target} differs from the hub's hash after two downloads; is a proxy rewriting it?")


def _silent_bar(report: Callable[[int], None]) -> Any:
    """The client reports bytes only to tqdm bars: one that draws nothing and tells `report`."""
    bar = lazy("tqdm", "tqdm")

    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        bar.__init__(self, *args, **{**kwargs, "disable": True})
        self.bytes = kwargs.get("initial") or 0

    def update(self: Any, n: float | None = 1) -> None:
        self.bytes += n or 0
        report(int(self.bytes))

    return type("SilentBar", (bar,), {"__init__": start, "update": update})


def _offline(spec: PullSpec, folder: Path, error: Exception) -> str:
    return (
        f"{spec.repo_id} could not be fetched ({type(error).__name__}: {str(error).splitlines()[0][:120]}). Without a "
        f"network, download {', '.join(spec.patterns)} of https://huggingface.co/{spec.repo_id} elsewhere and copy "
        f"them, with their folders, into {folder}"
    )


def _complete(path: Path, file: RemoteFile, trust: Any) -> bool:
    """True when the file is here and right; an unchanged file that was hashed before is not read again."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    return trust == _stamp(path) or _matches(path, file)


def _matches(path: Path, file: RemoteFile) -> bool:
    if file.sha256 is not None:
        with path.open("rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest() == file.sha256
    if file.blob_id is not None:
        data = path.read_bytes()
        # git's own object id; it guards against damage here, not against an attacker
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == file.blob_id
    return path.stat().st_size == file.size


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


class _Pin(Struct, frozen=True):
    """What is written beside the files. `checked`: file -> stamp of what was hashed against this commit before."""

    repo_id: str
    commit: str
    licence: str
    checked: dict[str, list[int]]


def _pin(folder: Path) -> _Pin | None:
    """None before the first pull; a damaged one pins nothing."""
    path = folder / PIN
    if not path.is_file():
        return None
    try:
        return decode_json(_Pin, path.read_bytes(), str(path))
    except CodecError:
        return None


def _record(folder: Path, spec: PullSpec, commit: str, checked: dict[str, list[int]]) -> None:
    part = folder / f"{PIN}.part"
    part.write_text(encode_json(_Pin(spec.repo_id, commit, spec.licence, checked), indent=2) + "\n", "utf-8")
    part.replace(folder / PIN)
