"""Blind restorers of others, as data. Free of model runtimes.

The files are ONNX, all in one repository of the hub. Their hashes and sizes were taken from public projects that pin
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
