"""How iconface starts a process of its own: with none of the code that may lie where somebody stands.

`python -m` looks for modules in the current folder first, where there may be a stranger's photos and a `json.py`
beside them. `-P` keeps that folder out, and what we start stands in a folder of ours besides.
"""

import sys
from pathlib import Path

APPLICATION = __package__
"""The application's package, and the logger above all of its own: `plugin` in a checkout, `iconface._app` installed."""

COMMAND = "iconface"
"""The module that is the command, under the same name wherever iconface is installed."""

NEUTRAL = Path(sys.prefix)
"""A folder to stand in where no data folder is known yet; nobody's photos, and no drive that is to be unplugged."""


def own_module(module: str) -> tuple[str, ...]:
    """The start of a command line that runs a module of this installation. Give the process a `cwd` of ours."""
    return (sys.executable, "-P", "-m", module)
