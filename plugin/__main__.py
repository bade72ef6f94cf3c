"""Entry point of the command `iconface`. Logging and exit codes are decided here and nowhere else."""

import sys

from .cli.quick import quick


def main() -> None:
    code = quick(sys.argv[1:])
    if code is None:
        from .cli.main import run

        code = run(sys.argv[1:])
    sys.exit(code)


def windowed() -> None:
    """The same for Explorer, without a console. Such a program has no standard streams; what it says is lost."""
    import io

    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()
    main()


if __name__ == "__main__":
    main()
