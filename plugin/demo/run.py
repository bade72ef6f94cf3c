"""The demo itself: the same calls a user's commands make, on a library of its own."""

from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from ..app import App, build_app
from ..errors import NotFoundError
from ..progress import Progress
from ..restoring.result import FaceResult, RestoreRequest
from ..rows import Row
from ..settings import load_settings
from .sample import LABEL, group_photo, make_library


@dataclass(slots=True)
class DemoReport:
    """What the demo did and where to look."""

    library: Path
    home: Path
    sample: bool
    people: list[Row] = field(default_factory=list)
    results: list[FaceResult] = field(default_factory=list)
    picture: Path | None = None
    scan: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 when a face was restored and written."""
        return 0 if self.picture is not None else 4

    def row(self) -> Row:
        """The JSON object."""
        return {
            "library": str(self.library),
            "home": str(self.home),
            "sample": LABEL if self.sample else None,
            "people": self.people,
            "results": [r.row() for r in self.results],
            "before_after": None if self.picture is None else str(self.picture),
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        out = [f"library      {self.library}" + (f"  ({LABEL})" if self.sample else ""), *self.scan, "people"]
        out += [
            f"  {p['person_id']:>4}  {p['name'] or '(unnamed)'}: {p['faces']} faces in {p['photos']} photos"
            for p in self.people
        ]
        for r in self.results:
            out += r.lines()
        if self.picture is not None:
            out.append(f"look here    {self.picture}  (before, after)")
        else:
            out.append(
                "nothing was restored: no photo needed it, nobody would have seen it, or the identity check refused"
            )
        out.append(f"try more     iconface --home {self.home} people list")
        return out


def run_demo(output: Path, photos: Path | None, progress: Progress) -> DemoReport:
    """Index `photos` (default: a sample made on the spot), form people, restore one face. Can be run again."""
    home = output / "home"
    app = build_app(load_settings(home, {}))
    try:
        library = photos or output / "library"
        report = DemoReport(library, home, photos is None)
        ruined = None if photos is not None else _sample(app, library)
        app.roots.add(library)
        report.scan = app.scans.run(progress).lines(dry_run=False)
        report.people = app.people.rows()
        for photo in [ruined] if ruined is not None else _candidates(app):
            request = RestoreRequest(output=output / "restored")
            report.results = app.restoring.restore(photo, request)
            done = [r for r in report.results if r.output is not None]
            if done:
                report.picture = _before_after(done[0], output / "before-after.png")
                break
        return report
    finally:
        app.close()


def _sample(app: App, library: Path) -> Path:
    source = group_photo()
    picture = Image.open(source).convert("RGB")
    _, subjects = app.photo_faces.find(source)
    if len(subjects) < 2:
        raise NotFoundError(f"{source}: the sample photo should show several faces, found {len(subjects)}")
    return make_library(library, picture, [s.face for s in subjects])


def _candidates(app: App) -> list[Path]:
    """The user's photos with a face of a known person, worst quality first: the ones worth restoring."""
    rows = [r for r in app.people.faces(assigned=True) if r["quality"] is not None]
    return list(dict.fromkeys(Path(r["photo"]) for r in sorted(rows, key=lambda r: r["quality"])))[:20]


def _before_after(result: FaceResult, target: Path) -> Path:
    """The face before and after, side by side, from the two files as a viewer would open them."""
    assert result.output is not None
    assert result.bbox is not None
    b = result.bbox
    side = max(b.width, b.height) * 1.8
    x, y = (b.x1 + b.x2) / 2, (b.y1 + b.y2) / 2
    box = (round(x - side / 2), round(y - side / 2), round(x + side / 2), round(y + side / 2))
    sheet = Image.new("RGB", (2 * 512 + 48, 512 + 64), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (title, path) in enumerate((("before", result.photo), ("after", result.output))):
        with Image.open(path) as photo:
            face = photo.convert("RGB").crop(box).resize((512, 512), Image.Resampling.BICUBIC)
        sheet.paste(face, (16 + i * (512 + 16), 48))
        draw.text((16 + i * (512 + 16), 16), title, fill="black", font_size=20)
    sheet.save(target)
    return target
