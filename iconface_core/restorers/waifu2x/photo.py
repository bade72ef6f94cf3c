"""waifu2x for whole photos: noise away at the same size, or twice the size."""

import cv2

from iconface_core.types import RgbU8
from iconface_core.whole_photo.tiles import CONTEXT, TILE

from .files import NONE, STRONG
from .restorer import Waifu2xRestorer


class Waifu2xPhotos:
    """`PhotoCleaner`. The network doubles; where the size stays, four of its pixels are averaged into one. Of its
    levels the strongest is used: the mild one takes hardly any noise away (docs/whole-photo.md)."""

    tile, context = TILE, CONTEXT

    def __init__(self, *, threads: int = 1) -> None:
        self._network = Waifu2xRestorer(threads=threads)
        self.id, self.weights_sha256 = self._network.id, self._network.weights_sha256

    def cleaned(self, picture: RgbU8, *, denoise: bool, enlarge: int = 1) -> RgbU8:
        """See PhotoCleaner."""
        doubled = self._network.double(picture, STRONG if denoise else NONE)
        if enlarge == 2:
            return doubled
        out: RgbU8 = cv2.resize(doubled, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
        return out
