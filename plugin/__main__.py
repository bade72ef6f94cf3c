"""Entry point of the command `iconface`. Logging and exit codes are decided here and nowhere else."""

import sys

from .cli.main import run


def main() -> None:
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
