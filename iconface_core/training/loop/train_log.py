"""What a run says about itself: `log.csv` and TensorBoard events, both cut back to the state that is resumed."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iconface_core.untyped import lazy

_LEADING = ("step", "samples", "seconds", "samples_per_s", "lr", "loss", "grad_norm")


class TrainLog:
    """Rows of scalars. A killed run may have logged steps that its last state does not know; they are dropped here.

    CSV columns grow when a new term appears (the file is rewritten then); a term that a row lacks is empty.
    """

    def __init__(self, folder: Path, *, step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "log.csv"
        rows = []
        if self._path.exists():
            with self._path.open(newline="", encoding="utf-8") as f:
                rows = [row for row in csv.DictReader(f) if _whole(row) and int(row["step"]) <= step]
        self._columns = list(dict.fromkeys([*_LEADING, *(key for row in rows for key in row)]))
        self._rewrite(rows)
        writer = lazy("torch.utils.tensorboard", "SummaryWriter")
        self._board: Any = writer(str(folder / "tensorboard"), purge_step=step + 1 if step else None)

    def write(self, row: Mapping[str, float]) -> None:
        """Append one row; it must hold `step`."""
        new = [key for key in row if key not in self._columns]
        if new:
            with self._path.open(newline="", encoding="utf-8") as f:
                rows = list(csv.DictReader(f))
            self._columns += new
            self._rewrite(rows)
        with self._path.open("a", newline="", encoding="utf-8") as f:
            csv.DictWriter(f, self._columns).writerow({k: _short(v) for k, v in row.items()})
        for key, value in row.items():
            if key != "step":
                self._board.add_scalar(key, value, int(row["step"]))

    def close(self) -> None:
        """Write out what TensorBoard still holds."""
        self._board.close()

    def _rewrite(self, rows: list[dict[str, str]]) -> None:
        staging = self._path.with_suffix(".csv.part")
        with staging.open("w", newline="", encoding="utf-8") as f:
            writer = csv.DictWriter(f, self._columns)
            writer.writeheader()
            writer.writerows(rows)
        staging.replace(self._path)


def line(row: Mapping[str, float], *, progress: float) -> str:
    """One row for a person."""
    head = f"step {row['step']:.0f}  {100 * progress:.1f} %  {row['samples_per_s']:.1f} samples/s  lr {row['lr']:.2e}"
    return "  ".join([head, *(f"{k} {v:.4g}" for k, v in row.items() if k not in _LEADING or k in _LEADING[5:])])


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _whole(row: Mapping[str, str]) -> bool:
    """False for the row that a kill cut in half."""
    return (row.get("step") or "").isdigit() and None not in (row.get("samples"), row.get("seconds"))
