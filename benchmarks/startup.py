"""How long a person waits for `iconface --help`, and for the commands that only read the gallery.

python -m benchmarks.startup
"""

import statistics
import subprocess
import sys
import tempfile
import time


def median_seconds(argv: list[str], runs: int = 11) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "plugin", *argv], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            [sys.executable, "-m", "plugin", "--home", home, "people", "list"], check=True, stdout=subprocess.DEVNULL
        )
        print("| command | median of 11, s |\n|---|---|")
        for argv in (["--help"], ["restore", "--help"], ["--home", home, "people", "list", "--json"]):
            print(
                f"| `iconface {' '.join(a for a in argv if a not in ('--home', home))}` | {median_seconds(argv):.2f} |"
            )


if __name__ == "__main__":
    main()
