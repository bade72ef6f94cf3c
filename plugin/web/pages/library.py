"""Folders, what is wrong, models, disk and backups."""

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from iconface_core.models.catalogue import backend

from ...backups import back_up, planned
from ...errors import NotFoundError, UsageError
from ...languages import N_, _, ngettext
from ...library.auto_restore_rules import Mode, RestoreRules
from ...library.roots import in_words
from ...library.scan_jobs import read_unreadable_again
from ...service import client
from ..context import Web, WebDep
from ..edit_conflicts import check
from ..responses import fragment, go, page, said
from ..scan_jobs import look_through
from ..server.roles import ADMIN
from ..views import folder_chooser, library_facts
from ..words.jobs import clock
from ..words.models import task

router = APIRouter()

Text = Annotated[str, Form(max_length=4096)]


@router.get("/library", tags=ADMIN)
def show(request: Request, web: WebDep) -> HTMLResponse:
    """Folders, what is wrong, models and backups. What takes a while comes by itself afterwards."""
    where = web.app.settings.folders
    with web.app.gallery.begin(write=False) as tx:
        counts, unreadable = library_facts.counts(tx), library_facts.unreadable(tx)
    models = [
        row | {"text_here": library_facts.has_licence(row["id"]), "task": task(row["role"])}
        for row in web.app.model_store.rows()
    ]
    return page(
        request,
        web,
        "library.html",
        counts=counts,
        models=sorted(models, key=lambda m: not m["installed"]),
        backups=library_facts.backups(where),
        unreadable=unreadable,
        data_folder=where.data,
        **_folders(web),
    )


@router.get("/library/folders", tags=ADMIN)
def folders(request: Request, web: WebDep) -> HTMLResponse:
    """The list of folders as it is now."""
    return fragment(request, web, "parts/library_folders.html", **_folders(web))


@router.get("/library/problems", tags=ADMIN)
def problems(request: Request, web: WebDep, thorough: bool = False) -> HTMLResponse:
    """What doctor finds. `thorough` reads the whole database and every model's file."""
    found = library_facts.problems(web.app, thorough=thorough)
    return fragment(request, web, "parts/library_problems.html", problems=found, thorough=thorough)


@router.get("/library/disk", tags=ADMIN)
def disk(request: Request, web: WebDep) -> HTMLResponse:
    """What of the disk is ours."""
    used = library_facts.disk_used(web.app.settings.folders)
    return fragment(request, web, "parts/library_disk.html", used=used)


@router.get("/library/licences/{model_id}", tags=ADMIN)
def licence(request: Request, web: WebDep, model_id: str) -> HTMLResponse:
    """The licence text that ships with a model."""
    text = library_facts.licence_text(model_id) if library_facts.has_licence(model_id) else None
    if text is None:
        raise NotFoundError(_("There is no licence text here for this model; its publisher has it."))
    return page(request, web, "licence.html", model=backend(model_id), text=text)


@router.get("/library/add", tags=ADMIN)
def choose(request: Request, web: WebDep, at: Annotated[str, Query(max_length=4096)] = "") -> HTMLResponse:
    """Choose a folder of this machine."""
    return page(
        request, web, "library_add.html", **folder_chooser.chooser(web.app.gallery, web.app.roots, at), then="library"
    )


@router.post("/library/folders", tags=ADMIN)
def add(
    request: Request, web: WebDep, path: Text, then: Annotated[Literal["library", "welcome"], Form()] = "library"
) -> Response:
    """Add a folder, and have it looked through by the worker."""
    folder = folder_chooser.typed(path)
    row = web.app.roots.add(folder)
    look_through(web, row["root_id"])
    return go(request, f"/{then}", _("{folder} is in the library, and is looked through now.", folder=folder.name))


@router.post("/library/folders/{root_id}/scan", tags=ADMIN)
def scan(request: Request, web: WebDep, root_id: int, accept_missing: Annotated[bool, Form()] = False) -> HTMLResponse:
    """Have a folder looked through by the worker. `accept_missing`: photos were deleted on purpose."""
    look_through(web, root_id, accept_missing=accept_missing)
    return said(folders(request, web), _("It is looked through as soon as possible."))


@router.post("/library/folders/{root_id}/rules", tags=ADMIN)
def set_rules(
    request: Request,
    web: WebDep,
    root_id: int,
    stamp: Text,
    mode: Annotated[Mode, Form()],
    min_degradation: Annotated[float, Form(ge=0, le=1)] = 0.0,
    min_similarity: Annotated[float, Form(ge=-1, le=1)] = -1.0,
    min_references: Annotated[int, Form(ge=0, le=20)] = 1,
) -> HTMLResponse:
    """What is restored by itself in a folder."""
    wanted = RestoreRules(mode, min_degradation, min_similarity, min_references)

    def change(before: RestoreRules) -> RestoreRules:
        check(stamp, library_facts.rules_stamp(before), _("the rule of this folder"))
        return wanted

    web.app.roots.set_rules(root_id, change)
    return said(folders(request, web), _(_RULE_SAID[mode]))


@router.get("/library/folders/{root_id}/remove", tags=ADMIN)
def ask_remove(request: Request, web: WebDep, root_id: int) -> HTMLResponse:
    """Say what would go and what stays."""
    folder = library_facts.folder(web.app.gallery, root_id)
    lost = in_words(web.app.roots.at_stake(root_id))
    return page(request, web, "library_remove.html", folder=folder, lost=lost)


@router.post("/library/folders/{root_id}/remove", tags=ADMIN)
def remove(
    request: Request,
    web: WebDep,
    root_id: int,
    path: Text,
    keep_backup: Annotated[bool, Form()] = False,
) -> Response:
    """Forget a folder; its files stay as they are. `path` is the one the page showed."""
    if library_facts.folder(web.app.gallery, root_id).root.path != path:
        raise UsageError(_("That is another folder now; please look again."))
    if keep_backup:
        back_up(web.app.gallery, planned(web.app.settings.folders, "before-removing"))
    photos = web.app.roots.remove(root_id)
    words = ngettext(
        "{folder} is forgotten, with {n} photo. The files are untouched.",
        "{folder} is forgotten, with {n} photos. The files are untouched.",
        photos,
        folder=Path(path).name,
    )
    return go(request, "/library", words)


@router.post("/library/unreadable/again", tags=ADMIN)
def read_again(request: Request, web: WebDep) -> Response:
    """Have every unreadable photo read once more by the worker."""
    n = read_unreadable_again(web.app.gallery)
    client.ensure_worker(web.app.settings.folders)
    return go(
        request, "/library#unreadable", ngettext("{n} photo is read once more.", "{n} photos are read once more.", n)
    )


@router.post("/library/backup", tags=ADMIN)
def make_backup(request: Request, web: WebDep) -> Response:
    """Make a backup now."""
    made = back_up(web.app.gallery, planned(web.app.settings.folders))
    return go(request, "/library#backups", _("The backup is made: {file}", file=made.name))


_RULE_SAID = {
    "off": N_("Nothing is restored by itself there any more."),
    "propose": N_("From now on it proposes, and you decide."),
    "auto": N_("From now on new faces are restored by themselves. Every result can be rejected."),
}


def _folders(web: Web) -> dict[str, Any]:
    found = library_facts.folders(web.app.gallery)
    return {
        "folders": found,
        "rules_stamp": library_facts.rules_stamp,
        "looked": {f.root.id: _looked(f.root.last_scan_at) for f in found},
        "choices": library_facts.rule_choices(),
    }


def _looked(at: str | None) -> str | None:
    """When a folder was looked through last, in words."""
    return None if at is None else clock(datetime.fromisoformat(at).timestamp(), time.time())
