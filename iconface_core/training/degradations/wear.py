"""What is done to a face on an old print: how often each kind of damage comes, and the steps drawn for one print.

In the order it happened: lens and film, darkroom and press, years of light, water and hands, and what lies on the
glass of the scanner. `degrade_recipe.py` then scans it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from .defects import Defects
from .operators import blur
from .overlay import cracks, creases, missing, specks, stains, strokes
from .prints import halftone, tone
from .steps import Draws, Step
from .tones import bleach, grain, silver, texture

WEAR_UNIFORMS = 192  # random numbers per print, more than the longest plan takes
LIGHT = (0.95, 0.93, 0.88)
DARK = (0.07, 0.06, 0.05)
BROWN = (0.62, 0.47, 0.30)
VEILS = ((0.92, 0.86, 0.72), (0.90, 0.88, 0.84), (0.85, 0.76, 0.55), (0.78, 0.70, 0.62), (0.38, 0.33, 0.24))
LARGE = ("dots", "smut", "stain")  # kinds of real defects that are one large patch


@dataclass(frozen=True, slots=True)
class PrintWear:
    """How often each kind comes on an old print, 0..1. `real`: how often two defects of `DegradeRecipe.defects` do."""

    toned: float = 0.65
    soft: float = 0.7
    grain: float = 0.6
    transport: float = 0.1
    screen: float = 0.08
    texture: float = 0.15
    faded: float = 0.8
    silver: float = 0.12
    stains: float = 0.25
    foxing: float = 0.12
    specks: float = 0.8
    scratches: float = 0.75
    cracks: float = 0.15
    creases: float = 0.35
    hair: float = 0.25
    missing: float = 0.15
    real: float = 0.5

    def __post_init__(self) -> None:
        for f in fields(self):
            if not 0 <= getattr(self, f.name) <= 1:
                raise ValueError(f"{f.name} is a probability, 0..1, not {getattr(self, f.name)}")


def plan_print_tone(wear: PrintWear, draws: Draws) -> list[Step]:
    """Whether the print is black and white, and how warm."""
    toned, sepia, warmth = draws.chance(wear.toned), draws.chance(0.6), draws.between(0.3, 1)
    return [Step(tone, None, (warmth if sepia else 0.0,))] if toned else []


def plan_wear(
    wear: PrintWear, blur_sigma: float, size: int, toned: bool, defects: Defects | None, draws: Draws
) -> list[Step]:
    """All steps for one print of `size` pixels, before it is scanned. `blur_sigma`: the most a camera's is."""
    return _Printer(wear, size, draws, draws.between(0.3, 1)).steps(blur_sigma, toned, defects)


@dataclass(frozen=True, slots=True)
class _Printer:
    wear: PrintWear
    size: int
    draws: Draws
    amount: float  # 0..1, how worn this print is

    def steps(self, blur_sigma: float, toned: bool, defects: Defects | None) -> list[Step]:
        wear, draws = self.wear, self.draws
        steps = []
        if draws.chance(wear.soft) and blur_sigma > 0:
            sigma = blur_sigma * draws.between(0.25, 1)
            steps.append(Step(blur, None, (sigma, sigma, 0.0, 0.0)))
        makers: tuple[tuple[float, Callable[[], list[Step]]], ...] = (
            (wear.grain, self._grain),
            (wear.transport, self._transport),
            (wear.screen, lambda: self._screen(toned)),
            (wear.texture, self._texture),
            (wear.faded, lambda: self._faded(toned)),
            (wear.silver, self._silver),
            (wear.stains, self._stains),
            (wear.foxing, self._foxing),
            (wear.specks, self._specks),
            (wear.scratches, self._scratches),
            (wear.cracks, self._cracks),
            (wear.creases, self._creases),
            (wear.hair, self._hair),
            (wear.missing, self._missing),
        )
        for share, make in makers:
            if draws.chance(share):
                steps += make()
        if defects and draws.chance(wear.real):
            steps += self._real(defects) + self._real(defects)
        return steps

    def _px(self, low: float, high: float) -> float:
        return self.draws.between(low, high) * self.size / 128

    def _ink(self, light: float) -> tuple[float, ...]:
        """The colour of dirt: light as often as `light` says."""
        base, dim = (LIGHT if self.draws.chance(light) else DARK), self.draws.between(0.85, 1)
        return tuple(c * dim for c in base)

    def _grain(self) -> list[Step]:
        return [Step(grain, None, (self.draws.between(0.01, 0.06), self.draws.between(0, 1)))]

    def _transport(self) -> list[Step]:
        draws = self.draws
        shape = (2.0, 0.02, 0.3, draws.between(0, 0.4), draws.between(0.97, 1))
        return [Step(strokes, 3, (self._px(0.1, 0.5), draws.between(0.3, 0.9), *self._ink(0.7), *shape))]

    def _screen(self, toned: bool) -> list[Step]:
        """Dots of the press; those finer than two pixels beat with the scanner's (moire)."""
        draws = self.draws
        period = draws.between(1.15, 1.9) if draws.chance(0.4) else self._px(1.5, 3)
        return [Step(halftone, "grey" if toned else None, (period, draws.between(0, math.pi), draws.between(0.2, 0.7)))]

    def _texture(self) -> list[Step]:
        draws = self.draws
        kind = draws.one_of(("silk", "silk", "linen", "matte"))
        strength = draws.between(0.02, 0.06) if kind == "matte" else draws.between(0.05, 0.3)
        return [Step(texture, kind, (self._px(1.2, 3.5), draws.between(0, math.pi), strength))]

    def _faded(self, toned: bool) -> list[Step]:
        """Dyes of colour prints bleach each at its own pace; silver keeps together."""
        draws = self.draws
        lost, apart = draws.between(0.15, 0.6) * self.amount, 0.1 if toned else 0.4
        kept = (
            draws.between(-0.3, 0.2),
            draws.between(-0.3, 1),
            draws.between(-0.3, 1),
        )  # cyan goes first: all turns red
        channels = [lost * (1 - apart * k) for k in kept]
        uneven, veil, gamma = draws.between(0, 0.7), draws.one_of(VEILS), draws.between(0.8, 1.25)
        return [Step(bleach, None, (*channels, uneven, *veil, gamma))]

    def _silver(self) -> list[Step]:
        return [Step(silver, None, (self.draws.between(0.3, 0.9), self.draws.between(0.4, 0.9)))]

    def _stains(self) -> list[Step]:
        draws = self.draws
        radius, inside, rim = draws.between(0.06, 0.4), draws.between(0.05, 0.5), draws.between(0.1, 0.7)
        pale = draws.between(0, 0.5)
        tint = tuple(c + (1 - c) * pale for c in BROWN)
        return [Step(stains, None, (radius, inside * self.amount, rim * self.amount, self._px(0.8, 4), *tint))]

    def _foxing(self) -> list[Step]:
        draws = self.draws
        cell = max(2, round(self._px(2, 6)))
        values = (draws.between(0.01, 0.06), draws.between(0.25, 0.7) * self.amount, *BROWN, 0.1)
        return [Step(specks, cell, values)]

    def _specks(self) -> list[Step]:
        """Two sizes of grain, most of them light: what lay on the negative prints white."""
        draws, px = self.draws, self.size / 128
        fine = Step(specks, max(1, round(px)), (
            draws.between(0.0005, 0.006) * self.amount, draws.between(0.4, 1), *self._ink(0.7), draws.between(0.5, 1),
        ))  # fmt: skip
        coarse = Step(specks, max(2, round(self._px(1.4, 2.6))), (
            draws.between(0.0003, 0.004) * self.amount, draws.between(0.6, 1), *self._ink(0.7), draws.between(0.5, 1),
        ))  # fmt: skip
        return [fine, coarse]

    def _scratches(self) -> list[Step]:
        """Two to six, in two sets of their own kind."""
        return [self._scratch_set() for _ in range(2)]

    def _scratch_set(self) -> Step:
        draws = self.draws
        count = draws.one_of((1, 2, 3))
        width = self._px(0.4, 1.3) if draws.chance(0.25) else self._px(0.05, 0.4)
        shape = (draws.between(0.3, 1.6), draws.between(0, 0.8), self._px(0, 4), draws.between(0, 0.6), 0.0)
        return Step(strokes, count, (width, draws.between(0.45, 1), *self._ink(0.85), *shape))

    def _cracks(self) -> list[Step]:
        draws = self.draws
        values = (self._px(0.05, 0.3), draws.between(0.4, 1), *self._ink(0.9), draws.between(0.35, 0.9))
        return [Step(cracks, draws.one_of((12, 24)), values)]

    def _creases(self) -> list[Step]:
        draws = self.draws
        width, core, shade = self._px(0.1, 0.9), draws.between(0.4, 1), draws.between(0.05, 0.45)
        values = (width, core, shade, self._px(1.5, 6), self._px(0.3, 3), draws.between(0, 0.55))
        return [Step(creases, 2 if draws.chance(0.3) else 1, values)]

    def _hair(self) -> list[Step]:
        draws = self.draws
        shape = (draws.between(0.1, 0.6), draws.between(0.6, 2), self._px(0.5, 4), 0.0, 0.0)
        values = (self._px(0.1, 0.45), draws.between(0.5, 1), *self._ink(0.5), *shape)
        return [Step(strokes, draws.one_of((1, 2)), values)]

    def _missing(self) -> list[Step]:
        draws = self.draws
        kind = draws.one_of(("corner", "hole", "hole"))
        share = draws.between(0.1, 0.5) if kind == "corner" else draws.between(0.05, 0.25)
        fill = draws.one_of((LIGHT, LIGHT, (0.80, 0.72, 0.58), DARK))
        rim = self._px(0.5, 2) if fill is not LIGHT and draws.chance(0.7) else 0.0
        return [Step(missing, kind, (share, draws.between(0.4, 1), *fill, rim))]

    def _real(self, defects: Defects) -> list[Step]:
        draws = self.draws
        kind = draws.one_of(defects.kinds)
        share = draws.between(0.2, 0.7) if kind in LARGE else draws.between(0.5, 1.6)
        return [Step(defects, kind, (share, draws.between(0.4, 1), *self._ink(0.75)))]
