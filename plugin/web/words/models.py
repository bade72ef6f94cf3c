"""What models are there for, in plain words."""

from collections.abc import Mapping

from iconface_core.extensions.backends import (
    AgeSpec,
    ColouriserSpec,
    DetectorSpec,
    EmbedderSpec,
    IdentifierSpec,
    InpainterSpec,
    ParserSpec,
    RestorerSpec,
)
from iconface_core.models.files import Role

from ...languages import N_, _

TASKS: Mapping[Role, str] = {
    DetectorSpec.role: N_("finds faces"),
    EmbedderSpec.role: N_("tells people apart"),
    IdentifierSpec.role: N_("knows damaged faces"),
    AgeSpec.role: N_("tells about how old faces look"),
    RestorerSpec.role: N_("restores faces"),
    ParserSpec.role: N_("sees what is in front of a face"),
    InpainterSpec.role: N_("fills damage in"),
    ColouriserSpec.role: N_("invents colours"),
}


def task(role: Role) -> str:
    """What a model of this role does."""
    return _(TASKS[role])
