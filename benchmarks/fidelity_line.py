"""Where `strength` lies on the distortion-perception line, measured on the paper's own published pictures.

    python benchmarks/fidelity_line.py                    # needs ../shared/data/paper_gallery

No IConFace weights are public, so its gallery stands in for the restorer: `ours` (or `full`) is what it made of `deg`,
and `gt` is the truth. Distortion is PSNR to the truth; perception is the mean distance of the log power spectra, small
when textures are alike. Compared: giving the input back band by band (what `strength` does) and a plain blend.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from iconface_core.restore.fidelity import anchor_to_input

STRENGTHS = tuple(i / 10 for i in range(11))


def blend(restored, degraded, strength):
    return np.rint(strength * restored.astype(np.float64) + (1 - strength) * degraded)


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(np.float64) - b) ** 2))


def spectrum_distance(a, b):
    spectra = [np.log1p(np.abs(np.fft.rfft2(x.astype(np.float64).mean(-1))) ** 2) for x in (a, b)]
    return np.abs(spectra[0] - spectra[1]).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "paper_gallery"
    parser.add_argument("--gallery", type=Path, default=default)
    gallery = parser.parse_args().gallery
    rows = {"bands": [], "blend": []}
    for truth_file in sorted(gallery.rglob("gt.jpg")):
        ours = next(f for f in (truth_file.with_name("ours.jpg"), truth_file.with_name("full.jpg")) if f.exists())
        restored, degraded, truth = (
            cv2.resize(cv2.imread(str(f)), (512, 512), interpolation=cv2.INTER_CUBIC)
            for f in (ours, truth_file.with_name("deg.jpg"), truth_file)
        )
        for name, mix in (("bands", anchor_to_input), ("blend", blend)):
            outs = [mix(restored, degraded, s) for s in STRENGTHS]
            rows[name].append([(psnr(o, truth), spectrum_distance(o, truth)) for o in outs])
    print(f"{len(rows['bands'])} cases. PSNR dB (higher: less distortion), spectrum distance (lower: more realistic)")
    print("strength " + " ".join(f"{s:6.1f}" for s in STRENGTHS))
    for name, values in rows.items():
        distortion, realism = np.mean(values, axis=0).T
        print(f"{name:5s} dB " + " ".join(f"{v:6.2f}" for v in distortion))
        print(f"{name:5s} sp " + " ".join(f"{v:6.3f}" for v in realism))


if __name__ == "__main__":
    main()
