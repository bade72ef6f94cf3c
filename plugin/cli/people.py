"""`iconface people ...`: the people the gallery knows, and what you decide about them."""

from collections.abc import Callable
from typing import Annotated

import typer

from ..plain_text import counted
from ..rows import Row, decision_row
from .fast_list import show_people
from .output import columns
from .session import SHARED_HELP, Session

Who = Annotated[str, typer.Argument(metavar="PERSON", help="a person's id or name")]
FaceIds = Annotated[list[int], typer.Argument(metavar="FACE...", help="face ids, see: iconface faces list")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only say what would change")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The people in your photos.")
    commands: dict[str, Callable[..., int | None]] = {
        "list": show_all,
        "show": show,
        "name": name_person,
        "merge": merge,
        "split": split,
        "hide": hide,
        "ignore": ignore,
        "birth-date": birth_date,
        "cover": cover,
        "different": different,
        "regroup": regroup,
        "questions": questions,
        "not-sure": not_sure,
    }
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="people")


def show_all(
    ctx: typer.Context,
    everybody: Annotated[bool, typer.Option("--all", help="also hidden and ignored people")] = False,
) -> None:
    """List people: named ones first, then by number of faces."""
    session = Session.of(ctx)
    with session.app() as app:
        people = app.people.rows(everybody=everybody)
    show_people(session.out, people)


def show(ctx: typer.Context, who: Who) -> None:
    """Show one person with their faces."""
    session = Session.of(ctx)
    with session.app() as app:
        person = app.people.row(app.people.find(who))
        faces = app.people.faces(person_id=person["person_id"])
    name = person["name"] or "(unnamed)"
    head = (
        f"{name}, id {person['person_id']}: {counted(person['faces'], 'face')} in {counted(person['photos'], 'photo')}"
    )
    human = columns(
        ["face", "quality", "confirmed", "photo"],
        [(f["face_id"], f["quality"], "yes" if f["confirmed"] else "", f["photo"]) for f in faces],
    )
    session.out.object({"person": person, "faces": faces}, [head, *human])


def name_person(
    ctx: typer.Context,
    who: Who,
    name: Annotated[str, typer.Argument(help="'' removes the name")],
    dry_run: DryRun = False,
) -> None:
    """Name a person. If somebody else has that name already, `merge` may be what you want."""
    session = Session.of(ctx)
    with session.app() as app:
        person = app.people.find(who)
        twins = app.people.named(name, but=person)
        if twins:
            session.out.note(
                f"note: person {twins[0]} is called {name!r} too; same person? iconface people merge {twins[0]} {who}"
            )
        done = app.people.deciding(dry_run=dry_run).name(person, name or None)
    show_decision(session, decision_row(done, dry_run=dry_run))


def merge(
    ctx: typer.Context,
    keep: Who,
    absorb: Annotated[list[str], typer.Argument(metavar="PERSON...", help="who else is that person")],
    dry_run: DryRun = False,
) -> None:
    """Say that several people are one. `undo` takes it back."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).merge(app.people.find(keep), [app.people.find(a) for a in absorb])
    show_decision(session, decision_row(done, dry_run=dry_run))


def split(
    ctx: typer.Context,
    who: Who,
    faces: FaceIds,
    name: Annotated[str | None, typer.Option(help="the new person's name")] = None,
    dry_run: DryRun = False,
) -> None:
    """Say that these faces of a person are somebody else."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).split(app.people.find(who), faces, name=name)
    show_decision(session, decision_row(done, dry_run=dry_run))


def hide(
    ctx: typer.Context,
    who: Who,
    off: Annotated[bool, typer.Option("--off", help="show again")] = False,
    dry_run: DryRun = False,
) -> None:
    """Leave a person out of lists; they are still recognised."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).hide(app.people.find(who), not off)
    show_decision(session, decision_row(done, dry_run=dry_run))


def ignore(
    ctx: typer.Context,
    who: Who,
    off: Annotated[bool, typer.Option("--off", help="take it back")] = False,
    dry_run: DryRun = False,
) -> None:
    """A stranger: never list, propose or use them again."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).ignore(app.people.find(who), not off)
    show_decision(session, decision_row(done, dry_run=dry_run))


def birth_date(
    ctx: typer.Context,
    who: Who,
    born: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="'' removes it")],
    dry_run: DryRun = False,
) -> None:
    """Set a birth date: photos taken before it are never theirs."""
    from datetime import date

    from ..errors import UsageError

    try:
        day = date.fromisoformat(born) if born else None
    except ValueError as e:
        raise UsageError(f"{born!r} is not a date like 1954-03-21") from e
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).birth_date(app.people.find(who), day)
    show_decision(session, decision_row(done, dry_run=dry_run))
    session.out.note("faces follow when they are grouped next: with the next scan, or iconface people regroup")


def cover(
    ctx: typer.Context, who: Who, face: Annotated[int, typer.Argument(help="face id")], dry_run: DryRun = False
) -> None:
    """Choose the face that stands for a person."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).cover(app.people.find(who), face)
    show_decision(session, decision_row(done, dry_run=dry_run))


def regroup(
    ctx: typer.Context,
    dry_run: DryRun = False,
    limit: Annotated[int, typer.Option(min=1, help="show at most this many changes and questions")] = 50,
) -> None:
    """Group all undecided faces again. What you confirmed or rejected stays as it is; --dry-run is a preview."""
    from ..people.questions import regroup_lines, regroup_rows

    session = Session.of(ctx)
    with session.app() as app:
        changes, grouping = app.grouper.full(dry_run=dry_run)
        row = regroup_rows(app.gallery, changes, grouping, limit)
    session.out.object({"regroup": row, "dry_run": dry_run}, regroup_lines(row))


def different(ctx: typer.Context, who: Who, other: Who, dry_run: DryRun = False) -> None:
    """Say that two people are not the same; it is not asked again."""
    session = Session.of(ctx)
    with session.app() as app:
        done = app.people.deciding(dry_run=dry_run).different(app.people.find(who), app.people.find(other))
    show_decision(session, decision_row(done, dry_run=dry_run))


def questions(
    ctx: typer.Context,
    person: Annotated[str | None, typer.Option("--person", "-p", help="only about this person (id or name)")] = None,
    limit: Annotated[int, typer.Option(min=1, help="at most this many")] = 50,
) -> None:
    """List what grouping would rather ask you, the most useful first. `iconface web` asks the same with pictures."""
    from ..people.questions import open_questions

    session = Session.of(ctx)
    with session.app() as app:
        who = None if person is None else app.people.find(person)
        rows, n = open_questions(app.gallery, app.lives, person_id=who, limit=limit)
    human = [
        line
        for r in rows
        for line in (f"{r['question_id']:5} {r['text']}", *(f"        iconface {a}" for a in r["answers"]))
    ]
    session.out.result("questions", rows, [*human, counted(n, "question")], open=n)


def not_sure(
    ctx: typer.Context,
    question: Annotated[int, typer.Argument(help="question id, see: iconface people questions")],
    off: Annotated[bool, typer.Option("--off", help="ask it again")] = False,
) -> None:
    """Put a question off: it is asked again in 30 days, or when there is new evidence."""
    from ..people.questions import ask_again, put_off

    session = Session.of(ctx)
    with session.app() as app:
        if off:
            ask_again(app.gallery, question)
            done = "is asked again"
        else:
            done = f"is put off for {put_off(app.gallery, question)} days, unless there is new evidence"
    session.out.object({"question_id": question, "put_off": not off}, [f"question {question} {done}"])


def show_decision(session: Session, decision: Row) -> None:
    """Print one decision, the same way for every verb."""
    from ..reason_words import in_words

    tail = " (dry run: nothing was changed)" if decision["dry_run"] else "; take it back with: iconface undo"
    session.out.object({"decision": decision}, [in_words(decision["summary"]) + tail])
