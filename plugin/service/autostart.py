"""Start the service at login: a systemd user unit, XDG autostart, a launchd agent, or a scheduled task.

Each is one file of our own, put in and taken out with `installed_files`.
"""

import os
import plistlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

from ..errors import UsageError
from ..folders import Folders
from ..installed_files.changes import IntegrationError
from ..installed_files.command import Argv, desktop_exec, find_program, windows
from ..installed_files.own_files import MARKER, OwnFile, OwnFiles, UserFolders, on_path
from ..languages import N_

UNIT = "iconface.service"
LABEL = "iconface.service"
TASK = "iconface"

_UNIT = """\
# {marker}: made by iconface; "iconface service uninstall" removes it.
[Unit]
Description=iconface: watches the photo library and restores faces in the background

[Service]
Type=exec
ExecStart={command}
Restart=on-failure
RestartSec=10
# 6: another service runs already.
RestartPreventExitStatus=6
SuccessExitStatus=6
Nice=10
IOSchedulingClass=idle
# The worker's own limit ends it first; this keeps the desktop usable should both fail.
MemoryHigh=90%
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""

_DESKTOP = """\
# {marker}: made by iconface; "iconface service uninstall" removes it.
[Desktop Entry]
Type=Application
Name=iconface
Comment=Watches the photo library and restores faces in the background
Exec={command}
Terminal=false
NoDisplay=true
X-GNOME-Autostart-enabled=true
"""

_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<!-- {marker}: made by iconface; "iconface service uninstall" removes it. -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Watches the photo library and restores faces in the background</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>7</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


def ways_of(home: Path | None, user: Path, folders: Folders) -> list[OwnFiles]:
    """Every way of this platform. `home` is the gallery's, `user` the user's own folder."""
    chosen = () if home is None else ("--home", str(home))
    command = (*find_program(sys.argv[0], os.environ.get("PATH", "")), "--quiet", *chosen, "service", "run")
    places = UserFolders.of(os.environ, user, folders.data)
    if sys.platform == "win32":
        return [task(places, command)]
    if sys.platform == "darwin":
        return [launchd(places, command)]
    return [systemd(places, command), autostart(places, command)]


def chosen(known: Sequence[OwnFiles], names: Sequence[str], *, wanted: bool) -> list[OwnFiles]:
    """Those named; without names, to install: the first that works here; to remove: all. Raises UsageError."""
    by_name = {way.name: way for way in known}
    if unknown := [n for n in names if n not in by_name]:
        raise UsageError(f"there is no {', '.join(unknown)} here; there is: {', '.join(by_name)}")
    if names:
        return [by_name[n] for n in dict.fromkeys(names)]
    return [next((w for w in known if w.available()), known[-1])] if wanted else list(known)


def systemd(places: UserFolders, command: Argv, systemctl: Sequence[str] = ("systemctl", "--user")) -> OwnFiles:
    """A user unit. Without a login: `loginctl enable-linger`."""
    text = _UNIT.format(marker=MARKER, command=systemd_exec(command))
    path = places.config / "systemd" / "user" / UNIT

    def tell(wanted: bool) -> None:
        if not _has_systemd(systemctl[0]):
            return  # the unit is read when systemd starts
        _run([*systemctl, "daemon-reload"])
        _run([*systemctl, "enable" if wanted else "disable", "--now", UNIT], needed=wanted)

    return OwnFiles(
        "systemd",
        "systemd user unit",
        N_("it runs now and after every login; on a machine without logins: loginctl enable-linger"),
        (OwnFile(path, text.encode()),),
        partial(_has_systemd, systemctl[0]),
        tell=tell,
    )


def autostart(places: UserFolders, command: Argv) -> OwnFiles:
    """An entry that the desktop starts at login (XDG autostart)."""
    text = _DESKTOP.format(marker=MARKER, command=desktop_exec(command))
    path = places.config / "autostart" / "iconface.desktop"
    return OwnFiles(
        "autostart", "XDG autostart", N_("it starts at the next login"), (OwnFile(path, text.encode()),), lambda: True
    )


def launchd(places: UserFolders, command: Argv, launchctl: Sequence[str] = ("launchctl",)) -> OwnFiles:
    """A launchd agent of the user."""
    content = plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 30,
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "EnvironmentVariables": {"ICONFACE_MARK": MARKER},
        }
    )
    path = places.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def tell(wanted: bool) -> None:
        domain = f"gui/{os.getuid()}"
        _run([*launchctl, "bootout", f"{domain}/{LABEL}"], needed=False)
        if wanted:
            _run([*launchctl, "bootstrap", domain, str(path)])

    return OwnFiles(
        "launchd",
        "launchd agent",
        N_("it runs now and after every login"),
        (OwnFile(path, content),),
        on_path(launchctl[0]),
        tell=tell,
    )


def task(places: UserFolders, command: Argv, schtasks: Sequence[str] = ("schtasks",)) -> OwnFiles:
    """A task at logon, for this user only, without admin rights. The file it is made from stays in our folder."""
    text = _TASK.format(marker=MARKER, program=escape(command[0]), arguments=escape(windows(command[1:])))
    path = places.own / "task" / "iconface.xml"

    def tell(wanted: bool) -> None:
        if wanted:
            _run([*schtasks, "/Create", "/F", "/TN", TASK, "/XML", str(path)])
        else:
            _run([*schtasks, "/Delete", "/F", "/TN", TASK], needed=False)

    return OwnFiles(
        "task",
        "Task Scheduler",
        N_("it starts at the next logon"),
        (OwnFile(path, b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")),),
        on_path(schtasks[0]),
        path.parent,
        tell=tell,
    )


def systemd_exec(argv: Sequence[str]) -> str:
    """For `ExecStart=`: double quotes with C escapes, `%` and `$` doubled.

    A program whose path has quotes, backslashes or dollars is refused by systemd, and is started through `env`.
    Source: systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers".
    """
    words = []
    odd = any(c in "\"'\\$\n" for c in argv[0])
    for word in ("/usr/bin/env", *argv) if odd else argv:
        quoted = word.replace("%", "%%").replace("$", "$$")
        if not word or any(c in " \t\n\"'\\;" for c in word):
            quoted = '"' + quoted.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        words.append(quoted)
    return " ".join(words)


def _has_systemd(program: str) -> bool:
    return shutil.which(program) is not None and Path("/run/systemd/system").is_dir()


def _run(argv: Sequence[str], *, needed: bool = True) -> None:
    done = subprocess.run(argv, capture_output=True, text=True)  # noqa: S603 - no shell, own words
    if done.returncode and needed:
        raise IntegrationError(f"{' '.join(argv)} failed: {(done.stderr or done.stdout).strip()}")
