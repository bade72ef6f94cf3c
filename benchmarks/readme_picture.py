"""Makes the picture of the README: a portrait as an old print, and what `iconface restore --photo` makes of it.

    python -m benchmarks.readme_picture [--out docs/pictures/before-after.jpg] [--seed 6]

The portrait is NASA's of the astronaut Eileen Collins, in the public domain; scikit-image has it among its data. It is
damaged by the recipe of old prints that the evaluation uses (`degrade_print_each`). Nobody is known to the gallery: no
references, all defaults.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image
from skimage.data import astronaut

from iconface_core.training.degradations.degrader import degrade_print_each
from iconface_core.types import RgbU8

SIDE = 448
"""Of the portrait's 512 pixels: without the empty corner."""


def old_print(clean: RgbU8, seed: int) -> RgbU8:
    """`clean` (H, W, 3), H = W, as a worn print."""
    planes = torch.from_numpy(np.array(clean)).permute(2, 0, 1)[None].float() / 255
    worn = degrade_print_each(planes, [seed]).images[0].clamp(0, 1).permute(1, 2, 0).numpy()
    out: RgbU8 = np.rint(worn * 255).astype(np.uint8)
    return out


def restored(photo: Path, folder: Path) -> Path:
    """The copy that the command writes for a photo."""
    command = (sys.executable, "-m", "plugin", "--home", folder / "home", "restore", "--photo", "--force")
    subprocess.run([*command, "--output", folder / "out", photo], check=True)
    [copy] = (folder / "out").iterdir()
    return copy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/before-after.jpg"))
    parser.add_argument("--seed", type=int, default=6)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        before = Path(name) / "print.png"
        Image.fromarray(old_print(astronaut()[:SIDE, :SIDE], options.seed)).save(before)
        pair = Image.new("RGB", (2 * SIDE + 8, SIDE), "white")
        for left, path in ((0, before), (SIDE + 8, restored(before, Path(name)))):
            with Image.open(path) as picture:
                pair.paste(picture.convert("RGB"), (left, 0))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        pair.save(options.out, quality=88)


if __name__ == "__main__":
    main()
