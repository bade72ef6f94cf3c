"""macOS Finder: a Quick Action, that is a folder with two property lists which Automator would write the same way."""

import plistlib
import subprocess
from pathlib import Path
from typing import Any

from ..installed_files.command import Argv, shell
from ..installed_files.own_files import LABEL, MARKER, OwnFile, OwnFiles, UserFolders

PBS = Path("/System/Library/CoreServices/pbs")


def quick_action(places: UserFolders, command: Argv) -> OwnFiles:
    """One shell script, which gets the files as its arguments."""
    bundle = places.home / "Library" / "Services" / f"{LABEL}.workflow"
    files = (
        OwnFile(bundle / "Contents" / "Info.plist", plistlib.dumps(_info())),
        OwnFile(bundle / "Contents" / "document.wflow", plistlib.dumps(_document(shell(command)))),
    )
    hint = "Finder, Quick Actions, Customize: switch it on once"
    return OwnFiles("finder", "Finder Quick Action", hint, files, PBS.exists, bundle, tell=_tell)


def _tell(wanted: bool) -> None:
    if PBS.exists():
        subprocess.run([str(PBS), "-update"], check=False, capture_output=True)  # noqa: S603 - no shell, a fixed path


def _info() -> dict[str, Any]:
    return {
        "CFBundleIdentifier": MARKER,
        "NSServices": [
            {
                "NSMenuItem": {"default": LABEL},
                "NSMessage": "runWorkflowAsService",
                "NSRequiredContext": {"NSApplicationIdentifier": "com.apple.finder"},
                "NSSendFileTypes": ["public.image"],
            }
        ],
    }


def _document(command: str) -> dict[str, Any]:
    action = {
        "AMAccepts": {"Container": "List", "Optional": True, "Types": ["com.apple.cocoa.string"]},
        "AMActionVersion": "2.0.3",
        "AMApplication": ["Automator"],
        "AMProvides": {"Container": "List", "Types": ["com.apple.cocoa.string"]},
        "ActionBundlePath": "/System/Library/Automator/Run Shell Script.action",
        "ActionName": "Run Shell Script",
        "ActionParameters": {
            "COMMAND_STRING": f'# {MARKER}\nexec {command} "$@"\n',
            "CheckedForUserDefaultShell": True,
            "inputMethod": 1,  # as arguments
            "shell": "/bin/sh",
            "source": "",
        },
        "BundleIdentifier": "com.apple.RunShellScript",
        "CFBundleVersion": "2.0.3",
        "CanShowSelectedItemsWhenRun": False,
        "CanShowWhenRun": True,
        "Category": ["AMCategoryUtilities"],
        "Class Name": "RunShellScriptAction",
        "InputUUID": "8C6A5B57-1D0B-4F7F-9A1C-5B1C8B0E6A01",
        "OutputUUID": "8C6A5B57-1D0B-4F7F-9A1C-5B1C8B0E6A02",
        "UUID": "8C6A5B57-1D0B-4F7F-9A1C-5B1C8B0E6A03",
    }
    return {
        "AMApplicationBuild": "521",
        "AMApplicationVersion": "2.10",
        "AMDocumentVersion": "2",
        "actions": [{"action": action, "isViewVisible": 1}],
        "connectors": {},
        "workflowMetaData": {
            "serviceInputTypeIdentifier": "com.apple.Automator.fileSystemObject.image",
            "serviceOutputTypeIdentifier": "com.apple.Automator.nothing",
            "serviceApplicationBundleID": "com.apple.finder",
            "applicationBundleIDsByPath": {"/System/Library/CoreServices/Finder.app": "com.apple.finder"},
            "workflowTypeIdentifier": "com.apple.Automator.servicesMenu",
        },
    }
