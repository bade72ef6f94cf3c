"""The steps of a whole photo in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...job_payloads import PhotoStep
from ...languages import N_, _
from ...restoring.photo_models import OfferedStep

_TITLES: Mapping[PhotoStep, str] = {
    "damage": N_("Fill scratches, dust and small tears in"),
    "background": N_("Take noise away around the faces"),
    "fading": N_("Freshen faded colours"),
    "colour": N_("Invent colours for a grey photo"),
    "faces": N_("Restore the faces"),
}
_HINTS: Mapping[PhotoStep, str] = {
    "background": N_("A large photo takes minutes. One without noise is not touched."),
    "colour": N_("Nobody knows what they were; the copy says that they are invented."),
}
_DONE: Mapping[str, str] = {
    "damage": N_("damage filled in"),
    "background": N_("noise taken away"),
    "fading": N_("faded colours freshened"),
    "colour": N_("colours invented"),
}


@dataclass(frozen=True, slots=True)
class StepChoice:
    """One line of the form. `needs` is a command for a terminal, "" where nothing is missing."""

    step: PhotoStep
    title: str
    hint: str
    checked: bool
    needs: str


def step_choices(offers: Sequence[OfferedStep], chosen: Sequence[str] | None = None) -> list[StepChoice]:
    """The lines of the form; checked is what is usual, or what was `chosen` before."""
    return [
        StepChoice(
            o.step,
            _(_TITLES[o.step]),
            _(_HINTS[o.step]) if o.step in _HINTS else "",
            o.needs is None and (o.usual if chosen is None else o.step in chosen),
            o.needs or "",
        )
        for o in offers
    ]


def done_words(steps: Sequence[str]) -> list[str]:
    """What was done to a photo, in a few words each."""
    return [_(_DONE[step]) for step in steps if step in _DONE]
