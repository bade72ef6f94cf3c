"""Entry point of the command `iconface`. Logging and exit codes are decided here and nowhere else."""

import sys

from .cli.quick import quick


def main() -> None:
    code = quick(sys.argv[1:])
    if code is None:
        from .cli.main import run

        code = run(sys.argv[1:])
    sys.exit(code)


if __name__ == "__main__":
    main()
