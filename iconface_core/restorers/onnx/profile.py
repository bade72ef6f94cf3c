"""What the ONNX file of a restorer does not say of itself: how the face lies, what numbers it means, what else it is
given. Free of model runtimes: profiles are stored as JSON and listed by commands."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from iconface_core.models.files import Color


class ExtraInput(Struct, frozen=True):
    """One number beside the picture. `faithful` is given at strength 0, `full` at strength 1, what lies between for
    what lies between: less strength then asks the network itself for less, before the result is blended."""

    faithful: float
    full: float

    def at(self, strength: float) -> float:
        """The number for a strength of 0..1."""
        return self.faithful + (self.full - self.faithful) * strength


class OnnxProfile(Struct, frozen=True):
    """One picture of shape (1, 3, `size`, `size`) in, one of the same shape out, aligned to `template`.

    `low` and `high` are the values of black and white, in and out. `color` is the order of the channels. `extra` are
    the inputs beside the picture, in the order of the file. `output` is the index of the picture among the outputs.
    """

    template: Literal["ffhq_512", "arcface_112"] = "ffhq_512"
    size: Annotated[int, Meta(ge=64, le=2048)] = 512
    low: float = -1.0
    high: float = 1.0
    color: Color = "RGB"
    extra: tuple[ExtraInput, ...] = ()
    output: Annotated[int, Meta(ge=0)] = 0


PROFILES = {
    "gfpgan": OnnxProfile(),
    "restoreformer": OnnxProfile(),
    "gpen": OnnxProfile(),
    # Its fidelity weight: 0 is the prettiest face, 1 the most faithful; its authors' default is the middle.
    "codeformer": OnnxProfile(extra=(ExtraInput(faithful=1.0, full=0.5),)),
}
"""The layouts of public files, by what `models install --like` calls them."""
