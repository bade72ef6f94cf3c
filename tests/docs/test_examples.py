"""Every python block of the documentation runs, and every link to a file of the project leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    if page.name != "api.md"  # one story from block to block: tests/plugin/api/test_gallery.py
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL), 1)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_python_blocks_run(block: str):
    exec(compile(block, "documentation", "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path):
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    assert [t for t in targets if "://" not in t and not (page.parent / t).exists()] == []


def test_every_page_is_reached_from_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    linked = {(ROOT / "docs" / target).resolve() for target in re.findall(r"\]\(([^)#]+)\)", index)}
    numbers = ROOT / "docs" / "benchmarks.md"
    linked |= {(numbers.parent / target).resolve() for target in re.findall(r"\]\(([^)#]+)\)", numbers.read_text())}
    assert [p.name for p in PAGES if p not in linked and p.name != "index.md"] == []


def test_every_benchmark_stands_in_the_docs():
    pages = [ROOT / "docs" / "benchmarks.md", *(ROOT / "docs" / "benchmarks").glob("*.md")]
    text = "".join(page.read_text() for page in pages)
    runnable = [p.stem for p in (ROOT / "benchmarks").glob("*.py") if "__main__" in p.read_text()]
    assert [name for name in runnable if name not in text] == []
