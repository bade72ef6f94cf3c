"""`iconface people ...`: the people the gallery knows, and what you decide about them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from ..plain_text import counted
from .fast_list import show_people
from .output import columns
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from gallery_db.gallery import Tx
    from gallery_db.records import DecisionRecord

    from ..app import App

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
        people = app.people.listed(everybody=everybody)
    show_people(session.out, people)


def show(ctx: typer.Context, who: Who) -> None:
    """Show one person with their faces."""
    from gallery_db.records import FaceFilter

    session = Session.of(ctx)
    with session.app() as app:
        person = app.people.row(app.people.find(who))
        faces = app.people.faces(FaceFilter(person_id=person["person_id"]))
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
        twins = [p for p in app.people.named(name) if p != app.people.find(who)]
    if twins:
        session.out.note(
            f"note: person {twins[0]} is called {name!r} too; same person? iconface people merge {twins[0]} {who}"
        )
    decide(session, lambda app, tx: tx.decisions.name(app.people.find(who), name or None), dry_run)


def merge(
    ctx: typer.Context,
    keep: Who,
    absorb: Annotated[list[str], typer.Argument(metavar="PERSON...", help="who else is that person")],
    dry_run: DryRun = False,
) -> None:
    """Say that several people are one. `undo` takes it back."""
    decide(
        Session.of(ctx),
        lambda app, tx: tx.decisions.merge(app.people.find(keep), [app.people.find(a) for a in absorb]),
        dry_run,
    )


def split(
    ctx: typer.Context,
    who: Who,
    faces: FaceIds,
    name: Annotated[str | None, typer.Option(help="the new person's name")] = None,
    dry_run: DryRun = False,
) -> None:
    """Say that these faces of a person are somebody else."""
    decide(Session.of(ctx), lambda app, tx: tx.decisions.split(app.people.find(who), faces, name=name), dry_run)


def hide(
    ctx: typer.Context,
    who: Who,
    off: Annotated[bool, typer.Option("--off", help="show again")] = False,
    dry_run: DryRun = False,
) -> None:
    """Leave a person out of lists; they are still recognised."""
    decide(Session.of(ctx), lambda app, tx: tx.decisions.hide(app.people.find(who), not off), dry_run)


def ignore(
    ctx: typer.Context,
    who: Who,
    off: Annotated[bool, typer.Option("--off", help="take it back")] = False,
    dry_run: DryRun = False,
) -> None:
    """A stranger: never list, propose or use them again."""
    decide(Session.of(ctx), lambda app, tx: tx.decisions.ignore(app.people.find(who), not off), dry_run)


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
    decide(session, lambda app, tx: tx.decisions.birth_date(app.people.find(who), day), dry_run)
    session.out.note("faces follow when they are grouped next: with the next scan, or iconface people regroup")


def cover(
    ctx: typer.Context, who: Who, face: Annotated[int, typer.Argument(help="face id")], dry_run: DryRun = False
) -> None:
    """Choose the face that stands for a person."""
    decide(Session.of(ctx), lambda app, tx: tx.decisions.cover(app.people.find(who), face), dry_run)


def regroup(
    ctx: typer.Context,
    dry_run: DryRun = False,
    limit: Annotated[int, typer.Option(min=1, help="show at most this many changes and questions")] = 50,
) -> None:
    """Group all undecided faces anew. What you confirmed or rejected stays as it is; --dry-run is a preview."""
    from ..people.questions import regroup_lines, regroup_rows

    session = Session.of(ctx)
    with session.app() as app:
        changes, grouping = app.grouper.full(dry_run=dry_run)
        row = regroup_rows(app.gallery, changes, grouping, limit)
    session.out.object({"regroup": row, "dry_run": dry_run}, regroup_lines(row))


def different(ctx: typer.Context, who: Who, other: Who, dry_run: DryRun = False) -> None:
    """Say that two people are not the same; it is not asked again."""
    decide(
        Session.of(ctx), lambda app, tx: tx.decisions.different(app.people.find(who), app.people.find(other)), dry_run
    )


def questions(
    ctx: typer.Context,
    person: Annotated[str | None, typer.Option("--person", "-p", help="only about this person (id or name)")] = None,
    limit: Annotated[int, typer.Option(min=1, help="at most this many")] = 50,
) -> None:
    """List what grouping would rather ask you, the most useful first. `iconface web` asks the same with pictures."""
    from ..people.questions import question_rows

    session = Session.of(ctx)
    with session.app() as app:
        who = None if person is None else app.people.find(person)
        with app.gallery.begin(write=False) as tx:
            found, left = tx.questions.open(person_id=who, limit=limit), tx.questions.count(person_id=who)
        rows = question_rows(app.gallery, found)
    human = [
        line
        for r in rows
        for line in (f"{r['question_id']:5} {r['text']}", *(f"        iconface {a}" for a in r["answers"]))
    ]
    session.out.result("questions", rows, [*human, counted(sum(left.values()), "question")], open=sum(left.values()))


def not_sure(
    ctx: typer.Context,
    question: Annotated[int, typer.Argument(help="question id, see: iconface people questions")],
    off: Annotated[bool, typer.Option("--off", help="ask it again")] = False,
) -> None:
    """Put a question off: it is asked again in 30 days, or when there is new evidence."""
    session = Session.of(ctx)
    with session.app() as app, app.gallery.begin() as tx:
        tx.questions.ask_again(question) if off else tx.questions.put_off(question)
    done = "is asked again" if off else "is put off for 30 days, unless there is new evidence"
    session.out.object({"question_id": question, "put_off": not off}, [f"question {question} {done}"])


def decide(session: Session, verb: "Callable[[App, Tx], DecisionRecord]", dry_run: bool) -> None:
    """Carry out one decision, or try it, and print it the same way for every verb."""
    with session.app() as app:
        decision = app.people.decide(lambda tx: verb(app, tx), dry_run=dry_run)
    show_decision(session, decision, dry_run)


def show_decision(session: Session, decision: "DecisionRecord", dry_run: bool) -> None:
    """Print one decision."""
    payload = {
        "decision_id": None if dry_run else decision.id,
        "kind": decision.kind,
        "summary": decision.summary,
        "person_id": decision.person_id,
        "face_id": decision.face_id,
        "dry_run": dry_run,
    }
    tail = " (dry run: nothing was changed)" if dry_run else "; take it back with: iconface undo"
    session.out.object({"decision": payload}, [decision.summary + tail])
