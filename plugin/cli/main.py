"""The command tree, and how errors become exit codes (docs/cli.md)."""

import logging
import sys
from collections.abc import Sequence

import typer
from typer.main import get_command

from plugin.errors import AppError

from . import (
    cleanup,
    evaluate,
    faces,
    integrate,
    jobs,
    library,
    maintain,
    models,
    people,
    restore,
    restored,
    service,
    train,
    watch,
    web,
)
from .restored import VERBS
from .session import SHARED_HELP, Session, split_shared

INTERRUPTED = 130


def tree() -> typer.Typer:
    """Build the command tree. No rich markup: importing rich would double the time of `--help`."""
    root = typer.Typer(name="iconface", rich_markup_mode=None, no_args_is_help=True, add_completion=False)

    @root.callback(epilog=SHARED_HELP)
    def iconface() -> None:
        """Find the people in your photos and restore their faces from their own pictures.

        Originals are never changed. Nothing leaves this machine.
        """

    for module in (
        library,
        watch,
        web,
        people,
        faces,
        restore,
        restored,
        cleanup,
        jobs,
        service,
        integrate,
        models,
        train,
        evaluate,
        maintain,
    ):
        module.register(root)
    return root


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code. Whatever a user can cause ends here as a message, not a trace."""
    try:
        session, rest = split_shared(list(argv))
    except ValueError as e:
        Session(as_json="--json" in argv, as_jsonl="--jsonl" in argv).out.error(2, "usage", str(e))
        return 2
    level = logging.INFO if session.verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(message)s")
    logging.captureWarnings(True)  # what Pillow remarks on a damaged file belongs to the log
    out = session.out
    try:
        if rest[:1] == ["restore"] and VERBS.intersection(rest[1:2]):
            rest = ["restored", *rest[1:]]  # a photo of that name is ./list
        code = get_command(tree())(rest, standalone_mode=False, prog_name="iconface", obj=session)
        return int(code or 0)
    except typer.TyperException as e:
        out.error(e.exit_code, "usage", e.format_message())
        return e.exit_code
    except typer.Abort:
        out.error(INTERRUPTED, "interrupted", "stopped")
        return INTERRUPTED
    except KeyboardInterrupt:
        out.error(INTERRUPTED, "interrupted", "stopped; run the same command again to go on")
        return INTERRUPTED
    except AppError as e:
        out.error(e.exit_code, _kind(e), str(e))
        return e.exit_code
    except Exception as e:
        expected = _expected(e)
        if expected is None:
            raise
        out.error(expected, _kind(e), str(e))
        return expected


def _kind(e: Exception) -> str:
    name = type(e).__name__.removesuffix("Error")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _expected(e: Exception) -> int | None:
    """Exit code for errors of the layers below; None for a bug. Imported late: most commands never get here."""
    from gallery_db.errors import GalleryBusyError, GalleryError, NotFoundError
    from iconface_core.errors import IconFaceError

    table: tuple[tuple[type[Exception], int], ...] = (
        (GalleryBusyError, 6),
        (NotFoundError, 3),
        (GalleryError, 1),
        (IconFaceError, 1),
        (OSError, 1),
    )
    return next((code for kind, code in table if isinstance(e, kind)), None)
