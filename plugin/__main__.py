"""The command `iconface`. Logging and exit codes are decided here and nowhere else."""

import os
import sys

# `python -m plugin` puts the folder somebody stands in first, with whatever lies there beside their photos.
_own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib is not loaded yet
if __name__ == "__main__" and not sys.flags.safe_path and sys.path[0] != _own:
    del sys.path[0]

from . import interrupts  # noqa: E402


def main() -> None:
    interrupts.leave_at_once()
    os.umask(os.umask(0o077) | 0o002)  # what we make is nobody else's to change, whatever this shell is set to
    # None when the caller closed them (`>&-`). Opened before anything else, so that no other file gets their number.
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115, PTH123 - for good
    from .cli.output import for_any_terminal

    for_any_terminal()
    code = _quick(sys.argv[1:])
    if code is None:
        from .cli.main import run

        code = run(sys.argv[1:])
    sys.exit(code)


def _quick(argv: list[str]) -> int | None:
    """What somebody waits for, without the command tree; None for every other line."""
    if asked := os.environ.pop("_ICONFACE_COMPLETE", None):
        from .cli.completing import complete

        sys.stdout.writelines(f"{line}\n" for line in complete(argv, asked))
        return 0
    if "--enqueue" in argv:
        from .cli.fast_enqueue import quick
    elif "people" in argv:
        from .cli.fast_list import quick
    else:
        return None
    return quick(argv)


def windowed() -> None:
    """The same for Explorer, without a console. Such a program has no standard streams; what it says is lost."""
    main()


if __name__ == "__main__":
    main()
