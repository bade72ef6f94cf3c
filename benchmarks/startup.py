"""What it costs to start a command that only reads the gallery: processor time, and how long a person waits.

python -m benchmarks.startup
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

LISTS = ("people list", "faces list", "restored list", "jobs list")


def cost(argv: list[str], runs: int = 11) -> tuple[float, float]:
    """Medians over some runs: seconds of processor (user and system), and seconds on the clock."""
    used, waited = [], []
    for _ in range(runs):
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-P", "-m", "iconface", *argv], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        waited.append(time.perf_counter() - start)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, argv
        used.append(usage.ru_utime + usage.ru_stime)
    return statistics.median(used), statistics.median(waited)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            [sys.executable, "-m", "iconface", "--home", home, "people", "list"], check=True, stdout=subprocess.DEVNULL
        )
        print("| command | processor, s | wall, s |\n|---|---|---|")
        for words in ("--help", "restore --help", *LISTS):
            shared = ["--home", home, "--json"] if words in LISTS else []
            used, waited = cost([*shared, *words.split()])
            print(f"| `iconface {words}{' --json' if shared else ''}` | {used:.2f} | {waited:.2f} |", flush=True)


if __name__ == "__main__":
    main()
