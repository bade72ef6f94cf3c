"""Models of others that `models pull` fetches as they are, as data. Free of model runtimes.

All are ONNX; the restorers lie in one repository of the hub. Hashes and sizes were taken from public projects that pin
the same files, several of them for each.
"""

from .files import Backend, ModelFile

_FACEFUSION = "https://huggingface.co/facefusion/models-3.0.0"


def _public_restorer(
    backend_id: str,
    title: str,
    file: ModelFile,
    *,
    non_commercial: bool = False,
    notes: str = "",
) -> Backend:
    """A restorer of others as an ONNX file, pulled as it is from where all of them lie."""
    return Backend(
        backend_id,
        "restorer",
        title,
        file.licence,
        file.licence_url,
        (file,),
        non_commercial=non_commercial,
        pull_url=f"{_FACEFUSION}/resolve/main/{file.filename}",
        pull_sha256=file.sha256,
        notes=notes,
    )


def _onnx_file(filename: str, sha256: str, size: int, licence: str, licence_url: str) -> ModelFile:
    where = f"{_FACEFUSION}/blob/main/{filename}"
    return ModelFile(filename, filename, "restorers", sha256, size, licence, licence_url, where)


GFPGAN = _public_restorer(
    "gfpgan-1.4",
    "GFPGAN 1.4",
    _onnx_file(
        "gfpgan_1.4.onnx",
        "accc4757b26bdb89b32b4d3500d4f79c9dff97c1dd7c7104bf9dcb95e3311385",
        340_299_087,
        "Apache-2.0 (StyleGAN2 parts: NVIDIA terms)",
        "https://github.com/TencentARC/GFPGAN/blob/master/LICENSE",
    ),
    notes="uses no references",
)
RESTOREFORMER = _public_restorer(
    "restoreformer-plus-plus",
    "RestoreFormer++",
    _onnx_file(
        "restoreformer_plus_plus.onnx",
        "f4db5a89902b6a2d452446f5721245a6f7185f699b6aec7b77285adb4d504337",
        294_264_812,
        "Apache-2.0",
        "https://github.com/wzhouxiff/RestoreFormerPlusPlus/blob/master/LICENSE",
    ),
    notes="uses no references; its hash is stated by two public projects only",
)
CODEFORMER = _public_restorer(
    "codeformer",
    "CodeFormer",
    _onnx_file(
        "codeformer.onnx",
        "21710e7ab61c82683576c428e9c1b6fe1ed419586b7b39e394c3449c294b550f",
        376_951_650,
        "S-Lab License 1.0: non-commercial",
        "https://github.com/sczhou/CodeFormer/blob/master/LICENSE",
    ),
    non_commercial=True,
    notes="uses no references; less strength is more fidelity",
)
GPEN = _public_restorer(
    "gpen-bfr-512",
    "GPEN-BFR 512",
    _onnx_file(
        "gpen_bfr_512.onnx",
        "d5f066b9068a8b74217f9712e28e875a6144629b108a6f7355acbdb3a2832c54",
        284_340_240,
        "GPEN: non-commercial",
        "https://github.com/yangxy/GPEN",
    ),
    non_commercial=True,
    notes="uses no references",
)
PUBLIC_RESTORERS = (GFPGAN, RESTOREFORMER, CODEFORMER, GPEN)
"""The first one to offer first."""

PARSER_FILE = ModelFile(
    "BiSeNet (ResNet-34)",
    "bisenet_resnet_34.onnx",
    "parsers",
    "4a0b8c958a3c938913bd06a8365dbb3c8761afba6ecbf0d14b3b1f77eb230c96",
    93_632_546,
    "MIT",
    "https://github.com/yakhyo/face-parsing/blob/main/LICENSE",
    f"{_FACEFUSION}/blob/main/bisenet_resnet_34.onnx",
)
PARSER = Backend(
    "bisenet-resnet34",
    "parser",
    "BiSeNet face parsing",
    PARSER_FILE.licence,
    PARSER_FILE.licence_url,
    (PARSER_FILE,),
    pull_url=f"{_FACEFUSION}/resolve/main/{PARSER_FILE.filename}",
    pull_sha256=PARSER_FILE.sha256,
    notes="keeps glasses, hats, hair and hands in front of a face; its hash is stated by two public projects only",
)

AURAFACE_FILE = ModelFile(
    "AuraFace v1",
    "glintr100.onnx",
    "auraface",
    "a7933ea5330113b01c9b60351d8f4c33003f145d8470ac5f0e52ee2effe25c60",
    260_694_151,
    "Apache-2.0",
    "https://huggingface.co/fal/AuraFace-v1",
    "https://huggingface.co/fal/AuraFace-v1",
)
AURAFACE = Backend(
    "auraface-v1",
    "embedder",
    AURAFACE_FILE.name,
    AURAFACE_FILE.licence,
    AURAFACE_FILE.licence_url,
    (AURAFACE_FILE,),
    dim=512,
    pull_url=f"{AURAFACE_FILE.source}/resolve/af6d057c9b0ec4071d4c49c80e3539258798b609/{AURAFACE_FILE.filename}",
    pull_sha256=AURAFACE_FILE.sha256,
    notes="Trained for commercial use. What its numbers mean is a careful guess until it is measured (docs/models.md).",
)
