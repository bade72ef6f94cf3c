"""What importing a package must not drag in, and what its front door shows."""

import importlib
import subprocess
import sys

import pytest

RUNTIMES = "{'torch', 'diffusers', 'transformers', 'insightface', 'onnxruntime', 'ncnn'}"


@pytest.mark.parametrize(
    "module",
    [
        "iconface",
        "iconface_core",
        "gallery_db",
        "gallery_db.vectors",
        "plugin.cli.main",
        "plugin.library.disk",
        "plugin.settings",
    ],
)
def test_import_is_light(module: str):
    code = f"import sys, {module}; bad = {RUNTIMES} & set(sys.modules); assert not bad, bad"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name", ["iconface", "iconface_core", "gallery_db", "iconface_core.grouping", "gallery_db.vectors"]
)
def test_the_front_door_shows_what_it_promises(name: str):
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)
    for member in module.__all__:
        getattr(module, member)
