"""What iconface reads when it looks for restorers. Nothing heavy is imported before one is loaded."""

from typing import TYPE_CHECKING

from iconface_core.extensions.backends import BackendContext, RestorerSpec
from iconface_core.models.files import Backend

if TYPE_CHECKING:
    from .restorer import UnsharpRestorer

ID = "unsharp-mask"


def load(context: BackendContext) -> "UnsharpRestorer":
    """Make the restorer; a larger one would look for its weights in `context.models`."""
    from .restorer import UnsharpRestorer

    return UnsharpRestorer()


SPEC = RestorerSpec(
    id=ID,
    label="Unsharp mask",
    names=("unsharp",),
    parts=(
        Backend(
            ID,
            "restorer",
            "Unsharp mask",
            "Apache-2.0",
            "https://www.apache.org/licenses/LICENSE-2.0",
            files=(),
            notes="an example: sharpens, and invents nothing",
        ),
    ),
    load=load,
    takes_references=False,
)
