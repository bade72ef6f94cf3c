"""Programs that must outlive the service: systemd ends whatever a unit started together with the unit, and the
service's unit is slow and restricted on purpose, which a picture viewer must not be."""

import shutil
from collections.abc import Mapping
from pathlib import Path


def as_scope(env: Mapping[str, str]) -> tuple[str, ...]:
    """Put before a command, it leaves the unit we run in but keeps its standard input. Empty outside of systemd."""
    return (*_SYSTEMD_RUN, "--scope", "--") if _in_user_unit(env) else ()


def as_own_service(env: Mapping[str, str]) -> tuple[str, ...]:
    """Put before a command, it is started by systemd itself: with the session's environment, without our limits."""
    return (*_SYSTEMD_RUN, "--") if _in_user_unit(env) else ()


_SYSTEMD_RUN = ("systemd-run", "--user", "--collect", "--quiet")


def _in_user_unit(env: Mapping[str, str]) -> bool:
    # systemd tells every unit its invocation; the socket is there when the user's own systemd can be asked.
    manager = Path(env.get("XDG_RUNTIME_DIR") or "/nowhere") / "systemd" / "private"
    return bool(env.get("INVOCATION_ID")) and manager.exists() and shutil.which("systemd-run") is not None
