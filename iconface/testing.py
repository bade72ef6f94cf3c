"""Checks for those who write a restorer, an embedder or a detector: docs/extending.md."""

from iconface_core.testing import ConformanceError, check_detector, check_embedder, check_restorer, check_spec

__all__ = ["ConformanceError", "check_detector", "check_embedder", "check_restorer", "check_spec"]
