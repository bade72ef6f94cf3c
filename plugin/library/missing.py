"""What a scan adds to photos and faces that lack it: because an earlier release did not ask, because a better embedder
was installed, or because only now it is known whose faces they are."""

from dataclasses import dataclass

from gallery_db import Gallery
from iconface_core.reasons import Reason

from ..progress import Progress
from .looks import add_missing_looks
from .re_embedding import ReEmbedder
from .twins import Twins


@dataclass(frozen=True, slots=True)
class Missing:
    """`re_embedder` fills the vectors of the preferred embedder; `damaged_twins` are None where nobody makes any."""

    gallery: Gallery
    max_pixels: int
    re_embedder: ReEmbedder
    damaged_twins: Twins | None

    def looks(self) -> None:
        """What photos look like: some of them."""
        add_missing_looks(self.gallery, max_pixels=self.max_pixels)

    def vectors(self, progress: Progress) -> tuple[int, dict[str, Reason]]:
        """Of all faces; as `ReEmbedder.run`."""
        return self.re_embedder.run(progress)

    def twins(self, progress: Progress) -> None:
        """Of the clearest faces of people: some of them."""
        if self.damaged_twins is not None:
            self.damaged_twins.add_missing(progress)
