"""Audits: what axe-core, and our own eyes for what it does not measure, say of a page as it stands."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
RUN = """async ([options, least]) => {
    const found = await axe.run(document, {...options, elementRef: false})
    if (found.passes.length < least) throw new Error("axe hardly ran: this proves nothing")
    const told = (id) => (node) => `${id}: ${node.target}: ${node.failureSummary}`
    return found.violations.flatMap(({id, nodes}) => nodes.map(told(id)))
}"""
# Everything that can be clicked, and is seen, with less than 24 pixels each way (WCAG 2.5.8); axe leaves out what has
# room around it. A link in a sentence is as high as its line, and a label stands for its field.
SMALL = """(least) => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
    .filter((element) => element.checkVisibility({visibilityProperty: true}) && !element.matches(".skip"))
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, box]) => Math.round(box.width) < least || Math.round(box.height) < least)
    .map(([element, box]) => `${element.outerHTML.slice(0, 100)} ${box.width} x ${box.height}`)"""
# Composes what lies below as the browser does, and compares luminances as WCAG 2 does.
RATIO = """([front, back]) => {
    const probe = document.createElement("canvas").getContext("2d", {willReadFrequently: true})
    const style = (name) => {
        const element = document.body.appendChild(document.createElement("i"))
        element.style.color = `var(${name})`
        const found = getComputedStyle(element).color
        element.remove()
        return found
    }
    const luminance = (name) => {
        probe.fillStyle = style(name)
        probe.fillRect(0, 0, 1, 1)
        const [r, g, b] = [...probe.getImageData(0, 0, 1, 1).data].map((value) => value / 255)
            .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const [dark, light] = [luminance(front), luminance(back)].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
}"""


def violations(page: Page, *, only_colours: bool = False) -> list[str]:
    """Return what axe-core finds wrong in the page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(RUN, [COLOURS, 1] if only_colours else [RULES, 10])
    return found


def small_targets(page: Page, least: int = 24) -> list[str]:
    """Return what can be clicked and is smaller than ``least`` pixels in one direction."""
    found: list[str] = page.evaluate(SMALL, least)
    return found


def contrast(page: Page, front: str, back: str) -> float:
    """Return the contrast of two colours of the style sheets, in the theme of the page."""
    return float(page.evaluate(RATIO, [front, back]))
