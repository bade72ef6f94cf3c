"""What models are there for, in plain words."""

from collections.abc import Mapping

from iconface_core.models.files import Role

from ...languages import N_, _

TASKS: Mapping[Role, str] = {
    "detector": N_("finds faces"),
    "embedder": N_("tells people apart"),
    "identifier": N_("knows damaged faces"),
    "age": N_("tells about how old faces look"),
    "restorer": N_("restores faces"),
    "parser": N_("sees what is in front of a face"),
    "inpainter": N_("fills damage in"),
    "colouriser": N_("invents colours"),
}


def task(role: Role) -> str:
    """What a model of this role does."""
    return _(TASKS[role])
