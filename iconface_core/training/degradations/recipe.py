"""What is done to one photo: a recipe of probabilities and bounds, and the steps drawn from it.

Two orders, each for half of the photos. *Second order* (Real-ESRGAN, arXiv:2107.10833): blur, shrink, noise, JPEG, and
the same again milder. *Shuffled* (BSRGAN, arXiv:2103.14006): the same operators in any order. Old prints are damaged
first, then photographed or scanned. Strength 0..16 scales all bounds; it is drawn from the paper's three buckets.
"""

import math
from dataclasses import dataclass, field

from .defects import Defects
from .jpeg import jpeg
from .operators import blur, noise, resize
from .prints import dust, fade, halftone, scratches, tone
from .steps import Draws, Step
from .wear import PrintWear, plan_wear

STRONGEST = 16.0
UNIFORMS = 96  # random numbers per photo, more than the longest plan takes
SMALLEST = 8  # pixels; below, nothing of a face is left
BEST_JPEG = 97
UNSEEN_BLUR = 0.25  # pixels
CHANCES = (
    "shuffled", "blur", "shrink", "noise", "jpeg", "toned", "faded", "halftone", "dust", "scratches", "prints",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DegradeRecipe:
    """Probabilities 0..1 and bounds at strength 16. Lengths are pixels of a 128 px crop; larger crops scale them.

    `buckets` are (lowest strength, highest strength, probability); the default is the paper's. `keep_tone`: black and
    white or sepia is how the photo was taken, no damage, so the target gets it too; no restorer should invent colours.
    `prints`: part of the photos that are old prints, worn by `wear` whatever their strength. `defects`: a folder of
    real ones (`degrade_defects.py`), "" for none.
    """

    buckets: tuple[tuple[float, float, float], ...] = ((0, 3, 0.5), (4, 8, 0.3), (9, 16, 0.2))
    shuffled: float = 0.5
    blur: float = 0.8
    shrink: float = 0.95
    noise: float = 0.75
    jpeg: float = 0.75
    toned: float = 0.06
    faded: float = 0.06
    halftone: float = 0.03
    dust: float = 0.05
    scratches: float = 0.05
    keep_tone: bool = True
    prints: float = 0.0
    wear: PrintWear = field(default_factory=PrintWear)
    defects: str = ""
    blur_sigma: float = 4.0
    motion_length: float = 10.0
    shrink_factor: float = 10.0
    noise_sigma: float = 30 / 255
    jpeg_quality: float = 20.0

    def __post_init__(self) -> None:
        for name in CHANCES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability, 0..1, not {getattr(self, name)}")
        if not all(len(b) == 3 and 0 <= b[0] <= b[1] <= STRONGEST and b[2] >= 0 for b in self.buckets):
            raise ValueError("buckets are (lowest strength, highest strength, probability), strengths within 0..16")
        if sum(share for *_, share in self.buckets) <= 0:
            raise ValueError("one of the buckets must have a positive probability")
        if min(self.blur_sigma, self.motion_length, self.noise_sigma) < 0 or self.shrink_factor < 1:
            raise ValueError("blur_sigma, motion_length and noise_sigma are 0 or more, shrink_factor 1 or more")
        if not 1 <= self.jpeg_quality <= BEST_JPEG:
            raise ValueError(f"jpeg_quality is within 1..{BEST_JPEG}, not {self.jpeg_quality}")

    def strength(self, draws: Draws) -> float:
        """A strength from the buckets."""
        point = draws.between(0, sum(share for *_, share in self.buckets))
        for low, high, share in self.buckets:
            if point <= share:
                return draws.between(low, high)
            point -= share
        return self.buckets[-1][1]


def plan_tone(recipe: DegradeRecipe, draws: Draws) -> list[Step]:
    """Whether the photo is black and white, and how warm; no steps for colour."""
    toned, sepia, warmth = draws.chance(recipe.toned), draws.chance(0.5), draws.between(0.3, 1)
    return [Step(tone, None, (warmth if sepia else 0.0,))] if toned else []


def plan_damage(recipe: DegradeRecipe, strength: float, size: int, draws: Draws) -> list[Step]:
    """All steps for one photo of `size` pixels at a strength 0..16; none at strength 0."""
    level = min(max(strength / STRONGEST, 0.0), 1.0)
    if level == 0:
        return []
    maker = _Maker(recipe, level, size, draws)
    steps = maker.shuffled() if draws.chance(recipe.shuffled) else maker.second_order()
    return maker.ageing() + steps


def plan_print(
    recipe: DegradeRecipe, strength: float, size: int, draws: Draws, own: Draws, toned: bool, defects: Defects | None
) -> list[Step]:
    """All steps for an old print, after its tone: lens and wear from `own`, then the scan as in `plan_damage`, but
    milder, so that most of the strength is the camera's and lies below the scratches."""
    sigma = recipe.blur_sigma * strength / STRONGEST * size / 128
    scan = strength * own.between(0.1, 0.4)
    wear = plan_wear(recipe.wear, sigma, size, toned, defects, own)
    steps = plan_damage(recipe, scan, size, draws)
    return wear + [s for s in steps if s.operator is not blur or max(s.values[0], s.values[3]) > UNSEEN_BLUR]


@dataclass(frozen=True, slots=True)
class _Maker:
    recipe: DegradeRecipe
    level: float
    size: int
    draws: Draws

    def second_order(self) -> list[Step]:
        factor = self._factor()
        between = self._pixels(factor ** self.draws.between(0.3, 1))
        small = self._pixels(factor)
        steps = [*self._blur(1), *self._to(self.size, between), *self._noise(1), *self._jpeg(1)]
        steps += [*self._blur(0.4 * between / self.size), *self._to(between, small), *self._noise(0.5)]
        last, back = self._jpeg(0.7), self._to(small, self.size)
        return steps + (last + back if self.draws.chance(0.7) else back + last)

    def shuffled(self) -> list[Step]:
        small = self._pixels(self._factor())
        parts = ["blur", "blur", "shrink", "noise", "jpeg"]
        steps: list[Step] = []
        now = self.size
        for part in self.draws.shuffled(parts):
            if part == "blur":
                steps += self._blur(0.7 * now / self.size)
            elif part == "shrink":
                steps += self._to(now, small)
                now = small
            else:
                steps += self._noise(1) if part == "noise" else self._jpeg(1)
        return steps + self._to(now, self.size) + self._jpeg(0.5)

    def ageing(self) -> list[Step]:
        """Damage to the print itself. It grows slower than the rest: a weakly scratched print is still scratched."""
        recipe, draws, amount = self.recipe, self.draws, math.sqrt(self.level)
        px = self.size / 128
        steps = []
        if draws.chance(recipe.faded):
            lost = draws.between(0.1, 0.6) * amount
            steps.append(Step(fade, None, tuple(lost * draws.between(0.5, 1.2) for _ in range(3))))
        if draws.chance(recipe.halftone):
            screen = (draws.between(2.2, 4.5) * px, draws.between(0, math.pi), draws.between(0.3, 0.9) * amount)
            steps.append(Step(halftone, None, screen))
        if draws.chance(recipe.dust):
            specks = (draws.between(0.0005, 0.006) * amount, draws.between(0.4, 1), draws.one_of((0.05, 0.95)))
            steps.append(Step(dust, None, specks))
        if draws.chance(recipe.scratches):
            lines = (draws.between(0.2, 1.2) * px * amount, draws.between(0.3, 0.9), draws.one_of((0.1, 0.95)))
            steps.append(Step(scratches, None, lines))
        return steps

    def _factor(self) -> float:
        """How many times smaller; the strength decides, chance varies it by a third."""
        if not self.draws.chance(self.recipe.shrink):
            return 1.0
        return 1 + (self.recipe.shrink_factor - 1) * self.level * self.draws.between(0.67, 1)

    def _pixels(self, factor: float) -> int:
        """The side after shrinking, in steps of a sixteenth: few sizes make large groups."""
        step = max(1, self.size // 16)
        return max(SMALLEST, min(self.size, round(self.size / factor / step) * step))

    def _to(self, old: int, new: int) -> list[Step]:
        if new == old:
            return []
        mode = self.draws.one_of(("area", "bilinear", "bicubic") if new < old else ("bilinear", "bicubic"))
        return [Step(resize, (new, mode), ())]

    def _blur(self, scale: float) -> list[Step]:
        if not self.draws.chance(self.recipe.blur):
            return []
        px = self.level * scale * self.size / 128
        sigma, angle = self.recipe.blur_sigma * px * self.draws.between(0.1, 1), self.draws.between(0, math.pi)
        kind = self.draws.between(0, 1)
        if kind < 0.5:
            return [Step(blur, None, (sigma, sigma, 0.0, 0.0))]
        if kind < 0.85:
            return [Step(blur, None, (sigma, sigma * self.draws.between(0.2, 1), angle, 0.0))]
        length = self.recipe.motion_length * px * self.draws.between(0.2, 1)
        return [Step(blur, None, (sigma / 4, sigma / 4, angle, length))]

    def _noise(self, scale: float) -> list[Step]:
        if not self.draws.chance(self.recipe.noise):
            return []
        sigma = self.recipe.noise_sigma * self.level * scale * self.draws.between(0, 1)
        shot, grey = self.draws.chance(0.5), float(self.draws.chance(0.4))
        return [Step(noise, None, (sigma * 0.3, sigma * 1.4, grey) if shot else (sigma, 0.0, grey))]

    def _jpeg(self, scale: float) -> list[Step]:
        if not self.draws.chance(self.recipe.jpeg):
            return []
        loss = (BEST_JPEG - self.recipe.jpeg_quality) * min(1.0, self.level * 1.3) * scale
        return [Step(jpeg, None, (BEST_JPEG - loss * self.draws.between(0.2, 1),))]
