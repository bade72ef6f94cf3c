"""`python -m iconface`, and the entry points of the commands `iconface` and `iconfacew`."""

import os
import sys

# `python -m` puts the folder somebody stands in first, with whatever lies there beside their photos.
_own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib is not loaded yet
if __name__ == "__main__" and not sys.flags.safe_path and sys.path[0] != _own:
    del sys.path[0]

from ._app.__main__ import main, windowed  # noqa: E402

__all__ = ["main", "windowed"]

if __name__ == "__main__":
    main()
