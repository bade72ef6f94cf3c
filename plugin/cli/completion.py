"""`iconface completion SHELL`."""

from typing import Annotated

import typer

from .completing import Shell, script
from .session import SHARED_HELP, Session


def register(root: typer.Typer) -> None:
    """Add this file's command to the tree."""
    root.command("completion", epilog=SHARED_HELP)(completion)


def completion(ctx: typer.Context, shell: Annotated[Shell, typer.Argument(help="the one you use")]) -> None:
    """Print what makes the Tab key complete commands, options and people's names in a shell.

    bash: iconface completion bash > ~/.local/share/bash-completion/completions/iconface

    zsh: iconface completion zsh > a file _iconface in a folder of $fpath

    fish: iconface completion fish > ~/.config/fish/completions/iconface.fish

    PowerShell: iconface completion powershell >> $PROFILE
    """
    text = script(shell)
    Session.of(ctx).out.object({"script": text}, text.splitlines())
