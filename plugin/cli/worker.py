"""`iconface worker run` and `iconface machines list`: several machines at one gallery."""

import os
from typing import Annotated

import typer

from .output import columns
from .session import SHARED_HELP, Session


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    worker = typer.Typer(
        rich_markup_mode=None, no_args_is_help=True, help="Work for a gallery that several machines share."
    )
    worker.command("run", epilog=SHARED_HELP)(run)
    root.add_typer(worker, name="worker")
    machines = typer.Typer(
        rich_markup_mode=None, no_args_is_help=True, help="The machines that share a gallery on a server."
    )
    machines.command("list", epilog=SHARED_HELP)(show_all)
    root.add_typer(machines, name="machines")


def run(
    ctx: typer.Context,
    queues: Annotated[
        str | None, typer.Option(metavar="QUEUES", help="gpu: restore; cpu: all else; default: as in the settings")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="what the others call it; default: as in the settings")
    ] = None,
) -> None:
    """Do the jobs of a gallery on a PostgreSQL server, beside other machines, until Ctrl-C or a signal.

    It watches no folder and serves no page. Of photos that this machine does not see, others do the work.
    """
    from dataclasses import replace as changed

    from msgspec.structs import replace

    from ..errors import UsageError
    from ..job_payloads import QUEUES
    from ..service.worker_run import run_worker

    session = Session.of(ctx)
    settings = session.settings()
    if name is not None:
        os.environ["ICONFACE_MACHINE"] = name  # for the process that it starts
        settings = replace(settings, folders=changed(settings.folders, machine=name))
    if queues is not None:
        wanted = tuple(q for q in QUEUES if q in queues.split(","))
        if not wanted or set(queues.split(",")) - set(QUEUES):
            raise UsageError(f"--queues takes some of {', '.join(QUEUES)}, with commas between: {queues!r}")
        settings = replace(settings, queues=wanted)
    told = f"{settings.folders.machine_name} works; Ctrl-C ends it"
    run_worker(settings, session.own_home, on_start=lambda: session.out.note(told))


def show_all(ctx: typer.Context) -> None:
    """List the machines that work at the gallery: on what, since when, and which folders they do not see."""
    from ..jobs.machines import machines

    session = Session.of(ctx)
    rows = machines(session.settings().folders)
    lines = [
        (
            row["machine"],
            ",".join(row["queues"]),
            f"{row['working_s']} s",
            f"{row['silent_s']} s ago" if row["alive"] else f"gone for {row['silent_s']} s",
            ", ".join(f"{j['kind']} {j['what']}" for j in row["jobs"]),
            ", ".join(row["missing"]),
        )
        for row in rows
    ]
    heads = ["machine", "queues", "works for", "last seen", "jobs", "does not see"]
    session.out.result("machines", rows, columns(heads, lines))
