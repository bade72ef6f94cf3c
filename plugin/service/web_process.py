"""The review page beside the service: a process of its own, so that the service stays light. It ends when idle."""

import subprocess
from pathlib import Path

from ..own_process import COMMAND, own_module

END_S = 6.0


class WebChild:
    """Starts `iconface web` when asked to, and ends it with the service."""

    def __init__(self, home: Path | None, log_file: Path, idle_s: float) -> None:
        self._home, self._log_file, self._idle_s = home, log_file, idle_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def start(self, port: int) -> None:
        """Serve the page on `port` (0: a free one), unless it is served."""
        if self.pid is not None:
            return
        chosen = () if self._home is None else ("--home", str(self._home))
        options = ("--here", "--no-browser", "--idle", f"{self._idle_s:g}", "--port", str(port))
        self._log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log_file.open("wb") as log:
            self._log_file.chmod(0o600)
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*own_module(COMMAND), "--quiet", *chosen, "web", *options],
                cwd=self._log_file.parent,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # the one-time address is for whoever asked, not for a file
                stderr=log,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )

    def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
