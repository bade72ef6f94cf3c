"""What axe-core finds wrong with the page in a browser."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .chromium import Browser

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What another theme can break; the other rules take most of the time."""

RUN = """
const [rules, done] = arguments;
const lean = {resultTypes: ['violations'], elementRef: false, iframes: false, preload: false};
axe.run(document, {...lean, runOnly: rules})
  .then(r => done(r.violations), e => done([{id: 'axe itself', help: String(e), nodes: []}]));
"""


def findings(browser: Browser, rules: Mapping[str, object] = RULES) -> list[str]:
    """One line for each violated rule and element of the page as it is now; no line if all is well."""
    if not browser.driver.execute_script("return 'axe' in window"):
        browser.driver.execute_script(AXE.read_text("utf-8"))
    violations: list[dict[str, Any]] = browser.driver.execute_async_script(RUN, rules)
    return [line for v in violations for line in _lines(v)]


def _lines(violation: dict[str, Any]) -> list[str]:
    head = f"{violation['id']}: {violation['help']}"
    return [f"{head}: {n['target']} {n['html'][:160]} {n.get('failureSummary', '')}" for n in violation["nodes"]] or [
        head
    ]
