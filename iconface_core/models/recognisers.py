"""Detectors and embedders that others publish and a user installs, as data: AdaFace, and the packs of insightface."""

from .files import Backend, Color, ModelFile, Role

_HUB = "https://huggingface.co/minchul/"
_INSIGHTFACE = "https://github.com/deepinsight/insightface/tree/master/model_zoo"
_INSIGHTFACE_LICENCE = "InsightFace model licence: non-commercial research only"
_ADAFACE_NOTES = "The code is MIT; its authors ask to follow the licence of the training dataset as well."


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
