"""`iconface references` and `iconface restore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..plain_text import counted
from .session import SHARED_HELP, Session, path

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..job_payloads import PhotoStep, QueuedChoices
    from ..progress import Progress
    from ..restoring.identified_face import IdentifiedFace

FaceNumber = Annotated[int | None, typer.Option("--face", min=1, help="only this face, counted from the left")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    root.command("references", epilog=SHARED_HELP)(references)
    root.command("restore", epilog=SHARED_HELP)(restore)


def references(
    ctx: typer.Context,
    photo: Annotated[Path, typer.Argument(parser=path, help="any photo, in the library or not")],
    face: FaceNumber = None,
    person: Annotated[str | None, typer.Option("--person", "-p", help="you know who it is (id or name)")] = None,
    limit: Annotated[int, typer.Option(min=0, max=8, help="at most this many")] = 3,
) -> int:
    """Whose face is it, which of their photos would be used to restore it, and why these."""
    from ..paths import absolute
    from ..restoring.identification import identify_photo
    from .json_words import with_words

    session = Session.of(ctx)
    with session.app() as app:
        path = absolute(photo)
        who = None if person is None else app.people.find(person)
        answers = identify_photo(app.photo_faces, app.identifier, path, face=face, person_id=who, limit=limit)
    rows = [_row(a) for a in answers]
    known = sum(r["person_id"] is not None for r in rows)
    head = [f"{counted(len(rows), 'face')}, {known} of them known"] if len(rows) > 1 else []
    session.out.result("faces", rows, [*head, *(line for r in rows for line in _lines(with_words(r)))], photo=str(path))
    return 0


def restore(
    ctx: typer.Context,
    photos: Annotated[
        list[Path], typer.Argument(parser=path, metavar="PHOTO...", help="any photos, in the library or not")
    ],
    person: Annotated[str | None, typer.Option("--person", "-p", help="whose face it is (id or name)")] = None,
    reference: Annotated[
        list[Path] | None,
        typer.Option("--reference", "-r", parser=path, help="use this photo of the person; may be repeated"),
    ] = None,
    no_references: Annotated[bool, typer.Option("--no-references", help="restore without references")] = False,
    restorer: Annotated[
        str,
        typer.Option(
            help="auto, best (all that can run, and of their results the best), or one of: iconface models list"
        ),
    ] = "auto",
    strength: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="0 keeps the photo, 1 is the full result; default: the restorer's own"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same pixels")] = 42,
    steps: Annotated[int | None, typer.Option(min=1, max=100, help="default: the restorer's own")] = None,
    quality: Annotated[
        Literal["fast", "best"] | None,
        typer.Option(help="for a restorer that has the choice: quick, or as well as it can; --steps goes first"),
    ] = None,
    face: FaceNumber = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", parser=path, help="folder for the restored copies")
    ] = None,
    beside: Annotated[bool, typer.Option("--beside", help="put the copies beside their originals")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say who and which references, restore nothing")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="also faces that look fine, and results the identity check refuses")
    ] = False,
    photo: Annotated[
        bool,
        typer.Option("--photo", help="the whole photo: fill scratches and dust in, correct faded tones, restore faces"),
    ] = False,
    steps_of_photo: Annotated[
        str, typer.Option("--photo-steps", help="which of damage,background,fading,colour,faces to do with --photo")
    ] = "damage,fading,faces",
    fill: Annotated[
        str,
        typer.Option(help="with --photo: what fills damage: opencv, a model, or auto, a model where one is installed"),
    ] = "auto",
    enlarge: Annotated[
        int, typer.Option(min=1, max=2, help="with --photo: 2 makes the copy twice as wide and high")
    ] = 1,
    background_with: Annotated[
        str,
        typer.Option(
            "--background-with", help="with --photo: the restorer that takes noise away around the faces, and enlarges"
        ),
    ] = "auto",
    tint: Annotated[
        Literal["keep", "remove"], typer.Option(help="with --photo: the tint of a faded sepia print")
    ] = "keep",
    preview: Annotated[
        Path | None,
        typer.Option(parser=path, help="with --photo: only write before, damage and after as a picture (.png, .jpg)"),
    ] = None,
    in_background: Annotated[
        bool, typer.Option("--enqueue", help="leave it to the service, started if need be, and return at once")
    ] = False,
) -> int:
    """Restore the faces in photos, each checked against the person's other photos, with --photo the whole photos too.
    Originals stay as they are."""
    from ..errors import UsageError

    if reference and no_references:
        raise UsageError("--reference and --no-references exclude each other")
    if output is not None and beside:
        raise UsageError("--output and --beside exclude each other")
    if output is not None and output.exists() and not output.is_dir():
        raise UsageError(f"--output {output} is a file; it must be a folder")
    if preview is not None and (not photo or len(photos) != 1 or in_background):
        raise UsageError("--preview is for one photo with --photo, and not for --enqueue")
    if enlarge > 1 and not photo:
        raise UsageError("--enlarge is for whole photos: say --photo as well")
    from ..job_payloads import QueuedChoices
    from ..paths import absolute

    choices = QueuedChoices(
        strength=strength,
        seed=seed,
        steps=steps,
        quality=quality,
        face=face,
        person=person,
        references=tuple(absolute(r) for r in reference or ()),
        use_references=not no_references,
        restorer=restorer,
        output=None if output is None else absolute(output),
        beside=beside,
        dry_run=dry_run,
        force=force,
        photo_steps=photo_steps(steps_of_photo) if photo else (),
        keep_tint=tint == "keep",
        fill=fill,
        cleaner=background_with,
        enlarge=2 if enlarge == 2 else 1,
    )
    session = Session.of(ctx)
    if in_background:
        from .enqueue import enqueue

        return enqueue(session, photos, choices)
    if preview is not None:
        return _preview(session, absolute(photos[0]), choices, absolute(preview))
    from ..job_handlers.restore import nameable
    from ..restoring.result import FaceResult, RestoreRequest, exit_code

    results: list[FaceResult] = []
    with session.app() as app, session.out.progress("restoring", "parts" if photo else "photos") as progress:
        request = RestoreRequest.of(choices, None if person is None else app.people.find(person))
        if not photo:
            progress.total(len(photos))
        for one in photos:
            on_step = _counted(progress, one) if photo else None
            results += app.restoring.restore(*nameable(absolute(one), request, app.settings), on_step)
            if not photo:
                progress.step(str(one))
    session.out.result("results", [r.row() for r in results], [line for r in results for line in r.lines()])
    return exit_code(results)


def photo_steps(text: str) -> "tuple[PhotoStep, ...]":
    """The steps that a comma-separated list names, in the order in which they are done. Raises UsageError."""
    from ..errors import UsageError
    from ..job_payloads import PHOTO_STEPS

    named = {part.strip() for part in text.split(",") if part.strip()}
    if not named or named - set(PHOTO_STEPS):
        raise UsageError(f"--photo-steps {text!r}: name one or more of {', '.join(PHOTO_STEPS)}, with commas")
    return tuple(step for step in PHOTO_STEPS if step in named)


def _counted(progress: "Progress", photo: Path) -> "Callable[[int, int], None]":
    """Tells how far a photo is, part by part: a large one takes a minute. Each stage has parts of its own."""
    before = 0

    def on_step(done: int, total: int) -> None:
        nonlocal before
        progress.total(before + total)
        progress.step(str(photo))
        if done == total:
            before += total

    return on_step


def _preview(session: Session, photo: Path, choices: "QueuedChoices", to: Path) -> int:
    from ..errors import UsageError
    from ..reason_words import all_in_words
    from ..restoring.preview import save_preview

    if to.suffix.lower() not in (".png", ".jpg", ".jpeg") or to.exists():
        raise UsageError(f"--preview {to}: it must be a new .png or .jpg file")
    with session.app() as app, session.out.progress("looking for damage", "parts") as progress:
        preview = app.photo_previews.preview(photo, choices, _counted(progress, photo))
        save_preview(preview.side_by_side(), to)
    notes = all_in_words(preview.notes)
    session.out.object(
        {"preview": {"photo": str(photo), "picture": str(to), "notes": notes}}, [*notes, f"written {to}"]
    )
    return 0


def _row(answer: "IdentifiedFace") -> dict[str, Any]:
    from ..reasons import NO_PERSON_NO_REFERENCES

    s, choice = answer.subject, answer.choice
    b = s.face.bbox
    return {
        "face": s.number,
        "face_id": s.face_id,
        "bbox": [round(v, 1) for v in (b.x1, b.y1, b.x2, b.y2)],
        "quality": round(s.quality, 4),
        "person_id": answer.person_id,
        "person_name": answer.person_name,
        "how": answer.how,
        "reason": answer.reason,
        "candidates": [
            {"person_id": c.person_id, "posterior": round(c.posterior, 4), "similarity": round(c.similarity, 4)}
            for c in (answer.identification.candidates if answer.identification else ())
        ],
        "references": [
            {
                "face_id": c.face_id,
                "photo": answer.rows[c.face_id].photo,
                "score": round(c.score, 4),
                "reasons": c.reasons,
            }
            for c in (choice.chosen if choice else ())
        ],
        "refused": [
            {
                "face_id": r.face_id,
                "photo": answer.rows[r.face_id].photo,
                "refusal": r.refusal.value,
                "reason": r.reason,
            }
            for r in (choice.refused if choice else ())
        ],
        "summary": choice.summary if choice else NO_PERSON_NO_REFERENCES(),
    }


def _lines(row: dict[str, Any]) -> list[str]:
    out = [
        f"face {row['face']}: {row['person_name'] or ('person ' + str(row['person_id']) if row['person_id'] else '?')}"
    ]
    out.append(f"  {row['how']}: {row['reason']}")
    out += [f"  use   {r['score']:.2f}  {r['photo']}  ({'; '.join(r['reasons'])})" for r in row["references"]]
    out += [f"  not         {r['photo']}  ({r['reason']})" for r in row["refused"][:5]]
    return [*out, f"  {row['summary']}"]
