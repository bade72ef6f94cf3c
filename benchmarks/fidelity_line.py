"""Where `strength` lies on the distortion-perception line, measured on the paper's own published pictures.

    python -m benchmarks.fidelity_line                    # needs ../shared/data/paper_gallery

No IConFace weights are public, so its gallery stands in for the restorer: `ours` (or `full`) is what it made of `deg`,
and `gt` is the truth. Distortion is PSNR to the truth; perception is the mean distance of the log power spectra, small
when textures are alike; identity is the SFace similarity to the truth and to the reference (`ref1`), by the fixed FFHQ
crop. Compared: giving the input back band by band (what `strength` does) and a plain blend.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.restorers.common.anchor import arcface_crop
from iconface_core.restorers.common.fidelity import anchor_to_input
from iconface_core.types import AlignedFace

STRENGTHS = tuple(i / 10 for i in range(11))
LABELS = ("PSNR dB", "spectrum distance", "similarity to truth", "similarity to ref1")


def blend(restored, degraded, strength):
    return np.rint(strength * restored.astype(np.float64) + (1 - strength) * degraded)


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(np.float64) - b) ** 2))


def spectrum_distance(a, b):
    spectra = [np.log1p(np.abs(np.fft.rfft2(x.astype(np.float64).mean(-1))) ** 2) for x in (a, b)]
    return np.abs(spectra[0] - spectra[1]).mean()


def read(path):
    return cv2.cvtColor(cv2.resize(cv2.imread(str(path)), (512, 512), interpolation=cv2.INTER_CUBIC), cv2.COLOR_BGR2RGB)


def embed(embedder, images):
    crops = [arcface_crop(AlignedFace(i.clip(0, 255).astype(np.uint8), np.eye(2, 3, dtype=np.float32))) for i in images]
    return np.stack([e.vector for e in embedder.embed(crops)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "paper_gallery"
    parser.add_argument("--gallery", type=Path, default=default)
    gallery = parser.parse_args().gallery
    embedder = SFaceEmbedder()
    rows: dict[str, list[list[tuple[float, ...]]]] = {"bands": [], "blend": []}
    for truth_file in sorted(gallery.rglob("gt.jpg")):
        ours = next(f for f in (truth_file.with_name("ours.jpg"), truth_file.with_name("full.jpg")) if f.exists())
        names = (ours, truth_file.with_name("deg.jpg"), truth_file, truth_file.with_name("ref1.jpg"))
        restored, degraded, truth, reference = (read(f) for f in names)
        people = embed(embedder, [truth, reference])
        for name, mix in (("bands", anchor_to_input), ("blend", blend)):
            outs = [mix(restored, degraded, s) for s in STRENGTHS]
            alike = embed(embedder, outs) @ people.T
            rows[name].append(
                [(psnr(o, truth), spectrum_distance(o, truth), *a) for o, a in zip(outs, alike, strict=True)]
            )
    print(f"{len(rows['bands'])} cases. Higher is better, except for the spectrum distance.")
    print(f"{'strength':27s}" + " ".join(f"{s:6.1f}" for s in STRENGTHS))
    for name, values in rows.items():
        for label, line in zip(LABELS, np.mean(values, axis=0).T, strict=True):
            print(f"{name} {label:21s}" + " ".join(f"{v:6.3f}" for v in line))


if __name__ == "__main__":
    main()
