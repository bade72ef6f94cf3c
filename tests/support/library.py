"""A scanned library and a command line over it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugin.cli.main import run


@dataclass
class Cli:
    """Runs commands in this process against one home, and reads their JSON. `capture` is pytest's `capsys`."""

    home: Path
    capture: Any

    def __call__(self, *argv: object, code: int = 0) -> dict[str, Any]:
        """The object a command prints; its exit code must be `code`."""
        self.capture.readouterr()
        got = run(["--home", str(self.home), "--json", "--yes", *map(str, argv)])
        out, err = self.capture.readouterr()
        assert got == code, f"exit code {got}: {out}{err}"
        payload: dict[str, Any] = json.loads(out)
        assert payload["schema_version"] == 1
        return payload


@dataclass(frozen=True)
class Library:
    """Photos on disk and the home of a gallery that has scanned them."""

    photos: Path
    ruined: Path
    home: Path


def tree_hash(folder: Path) -> str:
    """Names, sizes, times and bytes of everything below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        stat = path.stat()
        digest.update(f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}".encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()
