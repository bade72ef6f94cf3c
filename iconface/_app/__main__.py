"""The command."""

from plugin.__main__ import main, windowed

__all__ = ["main", "windowed"]
