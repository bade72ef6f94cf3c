"""iconface's own checks; nothing else is needed."""

from pathlib import Path

from iconface_unsharp import SPEC

from iconface.testing import check_restorer, check_spec
from iconface_core.extensions.backends import BackendContext


def test_it_keeps_what_a_restorer_promises(tmp_path: Path) -> None:
    here = BackendContext(models=tmp_path)
    check_spec(SPEC, here)
    check_restorer(SPEC.load(here))
