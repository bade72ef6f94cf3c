"""Download one published file: goes on where it broke off, and is complete and checked or not there at all."""

from __future__ import annotations

import http.client
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from iconface_core.errors import BackendUnavailableError, WeightsError

from .files import Backend, sha256_of

DOWNLOADS = "downloads"
"""The folder of model files on their way, in the models folder."""

_PIECE = 1 << 20
_TIMEOUT_S = 60

OnProgress = Callable[[int, int | None], None]


def fetch(backend: Backend, model_dir: Path, on_progress: OnProgress | None = None) -> Path:
    """Download the backend's published file into `model_dir/downloads` and check it; returns it there, for whoever
    asked to move or convert. With `hub.py` the only network access of this package.

    `on_progress(done, total)` gets bytes, `total` is None when nobody says. What it raises ends the download; like a
    broken connection or a kill, that leaves a part, with which the next call goes on.

    Raises BackendUnavailableError when nothing is published, nobody states its hash, another process downloads it, the
    network or the server fails or the disk is too small, and WeightsError when the bytes are not the pinned ones: then
    the part is thrown away.
    """
    url, pin = backend.pull_url, backend.pull_sha256
    if url is None:
        raise BackendUnavailableError(f"{backend.id}: no file is published for it; use `iconface models install FILE`.")
    if pin is None:
        raise BackendUnavailableError(
            f"{backend.id}: nobody states the SHA-256 of {url}, so it is not fetched. Download it yourself, and use "
            f"`iconface models install FILE`."
        )
    _check_address(url)
    name = Path(urlsplit(url).path).name
    # With eight digits of the hash: many files are called model.pt, another release is another part, and no sweep takes
    # it for a left-over.
    target = model_dir / DOWNLOADS / f"{pin[:8]}-{name}"
    part = target.with_name(f"{name}.{pin[:8]}.part")
    size = backend.files[0].size if backend.files and backend.files[0].sha256 == pin else None
    part.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{part}.lock", timeout=0)
    try:
        with lock:
            try:
                _download(url, part, size, on_progress)
                _check(url, part, pin)
                part.replace(target)
            finally:
                Path(lock.lock_file).unlink(missing_ok=True)
    except Timeout as e:
        raise BackendUnavailableError(f"{backend.id}: another process downloads it; wait for that one.") from e
    except (urllib.error.URLError, http.client.HTTPException, OSError) as e:
        raise BackendUnavailableError(
            f"{url}: download failed ({_said(e)}). The same command goes on where it stopped; or fetch it elsewhere "
            f"and use `iconface models install FILE --model {backend.id}`."
        ) from e
    return target


def _check(url: str, part: Path, pin: str) -> None:
    if (found := sha256_of(part)) != pin:
        part.unlink()
        raise WeightsError(
            f"{url}: SHA-256 is {found}, pinned is {pin}; nothing was installed. Its publisher may have replaced the "
            f"file; a newer iconface may know it."
        )


def _download(url: str, part: Path, size: int | None, on_progress: OnProgress | None) -> None:
    """Complete `part`. `size` is what it must have in the end, where that is known."""
    done = part.stat().st_size if part.exists() else 0
    if size is not None and done == size:
        return
    with _open(url, done) as response:
        # A server that knows nothing of ranges sends all of it again.
        goes_on = response.status == 206 and str(response.headers.get("Content-Range")).startswith(f"bytes {done}-")
        done = done if goes_on else 0
        length = response.headers.get("Content-Length")
        total = size if length is None else done + int(length)
        if size is not None and total != size:
            part.unlink(missing_ok=True)
            raise WeightsError(f"{url}: the server has {total} bytes, pinned are {size}; nothing was installed.")
        free = shutil.disk_usage(part.parent).free
        if total is not None and total - done > free:
            raise BackendUnavailableError(
                f"{part.parent} has {free / 1e9:.1f} GB free, {url} needs {(total - done) / 1e9:.1f} GB more: free "
                f"some space"
            )
        with part.open("ab" if goes_on else "wb") as stream:
            while piece := response.read(_PIECE):
                stream.write(piece)
                done += len(piece)
                if on_progress is not None:
                    on_progress(done, total)
    if total is not None and done < total:
        raise ConnectionError(f"the connection broke after {done / 1e6:.1f} of {total / 1e6:.1f} MB")


def _open(url: str, done: int) -> Any:
    """The response from byte `done` on, or from the beginning where a server has no such byte."""
    opener = urllib.request.build_opener(_Redirects)
    headers = {"User-Agent": "iconface", "Accept-Encoding": "identity"}
    if done:
        try:
            ranged = {**headers, "Range": f"bytes={done}-"}
            return opener.open(urllib.request.Request(url, headers=ranged), timeout=_TIMEOUT_S)  # noqa: S310 - checked
        except urllib.error.HTTPError as e:
            if e.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
    return opener.open(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S)  # noqa: S310 - checked


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to what may be fetched, and nowhere else."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_address(url: str) -> None:
    """Raises BackendUnavailableError for what others on the way could read or change; this machine is no way."""
    address = urlsplit(url)
    here = address.scheme == "http" and address.hostname in ("127.0.0.1", "::1", "localhost")
    if address.scheme != "https" and not here:
        raise BackendUnavailableError(f"{url}: only https addresses are fetched.")


def _said(e: Exception) -> str:
    if isinstance(e, urllib.error.HTTPError):
        return f"the server answers {e.code} {e.reason}"
    return str(e) or type(e).__name__
