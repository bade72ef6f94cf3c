"""How long `iconface web` takes until it can be opened, and the memory it holds: after the start, and after every page
was looked at. Only its own process counts; the browser is not here.

    python -m benchmarks.web_start HOME        # a copy of a gallery: `iconface --home HOME ...`
"""

import argparse
import http.client
import re
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil

PAGES = ("/people", "/review", "/history", "/restorations", "/jobs", "/library", "/people/1", "/photos/1")


def start(home: Path) -> tuple["subprocess.Popen[str]", int, str, float]:
    """A server, its port, its ticket, and the seconds it took until it could be entered."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "plugin", "--quiet", "--home", str(home), "web", "--here", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r":(\d+)/enter\?ticket=(\S+)", process.stdout.readline())
    assert found
    return process, int(found[1]), found[2], time.perf_counter() - began


def ask(port: int, target: str, cookie: str = "") -> http.client.HTTPResponse:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", target, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    seconds, busy, fresh, used = [], [], [], []
    for _ in range(options.rounds):
        process, port, ticket, took = start(options.home)
        seconds.append(took)
        memory = psutil.Process(process.pid)
        busy.append(sum(memory.cpu_times()[:2]))
        fresh.append(memory.memory_info().rss / 2**20)
        cookie = str(ask(port, f"/enter?ticket={ticket}").getheader("Set-Cookie")).split(";")[0]
        for page in PAGES:
            ask(port, page, cookie)
        for face in range(1, 41):
            ask(port, f"/pictures/face/{face}?size=192", cookie)
        used.append(memory.memory_info().rss / 2**20)
        process.terminate()
        process.communicate()
    print(f"until it can be opened: median {statistics.median(seconds):.1f} s (best {min(seconds):.1f})")
    print(f"processor time until then: median {statistics.median(busy):.1f} s (best {min(busy):.1f})")
    print(f"memory after the start: median {statistics.median(fresh):.0f} MB")
    print(f"memory after {len(PAGES)} pages and 40 faces: median {statistics.median(used):.0f} MB")


if __name__ == "__main__":
    main()
