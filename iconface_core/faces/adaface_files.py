"""AdaFace checkpoints: recognise the layout, convert to safetensors once, load strictly.

Accepted sources: the authors' Lightning checkpoints (`adaface_ir50_ms1mv2.ckpt`), CVLFace's `model.pt` and
`model.safetensors`, and our own conversion. Pickles are only read with `weights_only`; what Lightning stores beside
the tensors becomes inert placeholders, anything else is refused.
"""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from iconface_core.errors import UnsupportedCheckpointError, WeightsError
from iconface_core.images.leftovers import temporary
from iconface_core.models.catalogue import backend
from iconface_core.models.files import Color, sha256_of
from iconface_core.models.recognisers import ADAFACE

from .adaface_net import STAGES, AdaFaceNet

OURS = "iconface-adaface-1"
_ROOTS = re.compile(r"^(?:.*\.)?((?:input_layer|body|output_layer)\..+)$")
_ARCH_OF_BLOCKS = {sum(stages): arch for arch, stages in STAGES.items()}
_HARMLESS = ("pytorch_lightning.", "lightning.", "lightning_fabric.", "argparse.Namespace", "omegaconf.", "pathlib.")


class _Inert(dict[object, object]):
    """Stands in for an object of a training framework: takes any arguments and state, does nothing."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__()

    def __setstate__(self, state: object) -> None:
        pass


@dataclass(frozen=True, slots=True, eq=False)
class AdaFaceWeights:
    """`state` has exactly the keys of `AdaFaceNet(arch)`; `color` is the channel order the network was trained on.

    `digest` identifies values and channel order: the same weights from a .ckpt and from a .safetensors have the same
    one, and read in another order they make other vectors.
    """

    arch: str
    color: Color
    state: dict[str, Tensor]
    digest: str


def read_adaface(path: Path, *, color: Color | None = None) -> AdaFaceWeights:
    """Read any accepted source. `color` overrides what the file or its neighbour `model.yaml` says; BGR if nobody does.

    Raises WeightsError for a missing, truncated or damaged file and UnsupportedCheckpointError for one that is
    readable but no AdaFace IR-18/34/50/101, naming the first keys that do not fit.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such file.")
    metadata: dict[str, str] = {}
    if _is_safetensors(path):
        raw, metadata = _read_safetensors(path)
    else:
        raw = _read_pickle(path)
    state = _strip(raw, path)
    arch = _arch_of(state, path)
    state = _checked(state, arch, path)
    stated = color or metadata.get("color") or _color_beside(path)
    chosen: Color = "RGB" if stated == "RGB" else "BGR"
    digest = weights_digest(state, chosen)
    if color is None and metadata.get("format_version") == OURS and metadata.get("weights_sha256") != digest:
        raise WeightsError(
            f"{path}: the values do not match the hash stored at installation; the file is damaged. Install it again."
        )
    return AdaFaceWeights(arch, chosen, state, digest)


def install_adaface(source: Path, model_dir: Path, *, color: Color | None = None) -> Path:
    """Convert a checkpoint to `MODEL_DIR/adaface/adaface_irN.safetensors` and return that path.

    The channel order is `color`, or the catalogue's for a published file known by its hash, or as in `read_adaface`.
    The file carries arch, colour order, scaling, the source's name and SHA-256 and the digest of its values. It is
    written under another name first, so that an interrupted installation leaves no half file. Raises as `read_adaface`.
    """
    if not source.is_file():
        raise WeightsError(f"{source}: no such file.")
    source_sha256 = sha256_of(source)
    published = {entry.pull_sha256: entry.pull_color for entry in ADAFACE if entry.pull_sha256 and entry.pull_color}
    weights = read_adaface(source, color=color or published.get(source_sha256))
    (file,) = backend(f"adaface-{weights.arch.replace('_', '')}").files
    target = model_dir / file.folder / file.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    metadata = {
        "format": "pt",
        "format_version": OURS,
        "arch": weights.arch,
        "color": weights.color,
        "mean": "0.5",
        "std": "0.5",
        "source": source.name,
        "sha256": source_sha256,
        "weights_sha256": weights.digest,
    }
    staging = temporary(target)  # a folder: safetensors has a temporary file of its own beside what it writes
    try:
        staging.mkdir()
        save_file({key: value.contiguous() for key, value in weights.state.items()}, staging / target.name, metadata)
        (staging / target.name).replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def build_network(weights: AdaFaceWeights) -> AdaFaceNet:
    """The network in evaluation mode, frozen, holding the given tensors without a copy."""
    with torch.device("meta"):
        network = AdaFaceNet(weights.arch)
    network.load_state_dict(weights.state, strict=True, assign=True)
    network.requires_grad_(False)
    return network.eval()


def weights_digest(state: dict[str, Tensor], color: Color) -> str:
    """SHA-256 over channel order, names, shapes and fp32 values; counters of training steps do not matter."""
    digest = hashlib.sha256(color.encode())
    for key in sorted(state):
        if not key.endswith("num_batches_tracked"):
            value = state[key]
            digest.update(f"{key}{list(value.shape)}".encode())
            digest.update(value.contiguous().numpy().data)
    return digest.hexdigest()


def _is_safetensors(path: Path) -> bool:
    """By content: a downloaded file may have any name. The format starts with eight bytes of length and a JSON text."""
    with path.open("rb") as stream:
        start = stream.read(9)
    return path.suffix == ".safetensors" or (start[8:] == b"{" and not start.startswith(b"PK"))


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as opened:
            metadata = opened.metadata() or {}
        return load_file(path), metadata
    except (SafetensorError, OSError) as e:
        raise WeightsError(f"{path}: not a complete safetensors file ({e}). Download it again.") from e


def _read_pickle(path: Path) -> dict[str, Tensor]:
    try:
        foreign = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception as e:  # zip, pickle and OS errors alike: torch documents none of them
        raise WeightsError(f"{path}: not a complete torch checkpoint ({e}). Download it again.") from e
    refused = [name for name in foreign if not name.startswith(_HARMLESS)]
    if refused:
        raise UnsupportedCheckpointError(
            f"{path}: holds objects other than tensors ({', '.join(sorted(refused)[:5])}) and reading them could run "
            "foreign code. Save only its state_dict with `torch.save(checkpoint['state_dict'], FILE)` on a machine "
            "where you trust the file, and install that."
        )
    try:
        with torch.serialization.safe_globals([(_Inert, name) for name in foreign]):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as e:  # as above
        raise WeightsError(f"{path}: cannot be read as tensors ({e}). Download it again.") from e
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        # A Lightning checkpoint: the backbone is `model.`, the training head is of no use here.
        loaded = {key: value for key, value in loaded["state_dict"].items() if str(key).startswith("model.")}
    if not isinstance(loaded, dict):
        raise UnsupportedCheckpointError(f"{path}: holds a {type(loaded).__name__}, expected a dictionary of tensors.")
    return {str(key): value for key, value in loaded.items() if isinstance(value, Tensor)}


def _strip(raw: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Drop wrapper prefixes up to `input_layer`, `body` or `output_layer`."""
    state: dict[str, Tensor] = {}
    for key, value in raw.items():
        match = _ROOTS.match(key)
        if match is None:
            raise UnsupportedCheckpointError(f"{path}: unexpected key {key!r}; this is no AdaFace IR backbone.")
        if match[1] in state:
            raise UnsupportedCheckpointError(f"{path}: two keys end in {match[1]!r}; it holds more than one network.")
        state[match[1]] = value
    return state


def _arch_of(state: dict[str, Tensor], path: Path) -> str:
    blocks = {int(key.split(".")[1]) for key in state if key.startswith("body.") and key.split(".")[1].isdigit()}
    arch = _ARCH_OF_BLOCKS.get(len(blocks))
    if arch is None:
        known = ", ".join(f"{a} ({n})" for n, a in sorted(_ARCH_OF_BLOCKS.items()))
        raise UnsupportedCheckpointError(f"{path}: {len(blocks)} residual blocks; known are {known}.")
    return arch


def _checked(state: dict[str, Tensor], arch: str, path: Path) -> dict[str, Tensor]:
    """Exactly the keys and shapes of the architecture, fp32; step counters, which converters drop, are filled in."""
    with torch.device("meta"):
        expected = AdaFaceNet(arch).state_dict()
    for key in expected:
        if key.endswith("num_batches_tracked"):
            state.setdefault(key, torch.zeros((), dtype=torch.int64))
    missing, extra = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    if missing or extra:
        raise UnsupportedCheckpointError(
            f"{path}: not the keys of {arch}: {len(missing)} missing {missing[:3]}, "
            f"{len(extra)} unexpected {extra[:3]}."
        )
    for key, value in expected.items():
        if state[key].shape != value.shape:
            raise UnsupportedCheckpointError(
                f"{path}: {key} has shape {list(state[key].shape)}, {arch} needs {list(value.shape)}."
            )
        if not torch.isfinite(state[key]).all():
            raise WeightsError(f"{path}: {key} holds values that are not finite; the file is damaged.")
    return {key: state[key].to(value.dtype) for key, value in expected.items()}


def _color_beside(path: Path) -> str | None:
    """CVLFace states the channel order in `model.yaml` or `config.json` beside the weights."""
    for name in ("model.yaml", "pretrained_model/model.yaml", "config.json"):
        neighbour = path.parent / name
        if neighbour.is_file():
            match = re.search(r"color_space\W+(RGB|BGR)", neighbour.read_text(encoding="utf-8", errors="replace"))
            if match:
                return match[1]
    return None
