"""What axe-core says about a page, in seconds where it would take a minute."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# The drawn formulas' insides, which axe-core is not to judge but would wade through; their outer size stays. And
# colours change at once.
LIGHTEN = """() => {
    document.querySelectorAll("mjx-container > svg > *, mjx-assistive-mml").forEach((inner) => inner.remove());
    const calm = document.createElement("style");
    calm.textContent = "* { transition: none !important; animation: none !important }";
    document.head.append(calm);
}"""
# One element for every look of a text: its own font and colours, and those of all that it stands in.
LOOKS = """(place) => {
    const looks = new Map();
    for (const one of document.querySelector(place).querySelectorAll("*")) {
        const speaks = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!(speaks || one.matches("input, select, textarea")) || one.closest("mjx-container")) continue;
        if (!one.checkVisibility()) continue;
        const { color, fill, fontSize, fontWeight, textShadow } = getComputedStyle(one);
        const look = [one.closest("figure.explorer")?.dataset.explorer, color, fill, fontSize, fontWeight, textShadow];
        for (let around = one; around; around = around.parentElement) {
            const { backgroundColor, backgroundImage, opacity, position, filter } = getComputedStyle(around);
            look.push(backgroundColor, backgroundImage, opacity, position, filter);
            if (around.localName !== "span") look.push(around.localName, String(around.className));
        }
        const key = look.join("|");
        if (!looks.has(key)) looks.set(key, one);
    }
    return [...looks.values()];
}"""
ASK = """async ([place, contrast, rest]) => {
    const whole = { include: [[place]], exclude: [["mjx-container"]] };
    const structure = rest ? await axe.run(whole, rest) : { violations: [] };
    const colours = await axe.run((%s)(place), contrast);
    return [...structure.violations, ...colours.violations];
}"""


def findings(page: Page, place: str = "html", *, structure: bool = True) -> list[str]:
    """What axe-core finds in a place outside of drawn formulas, one line per element.

    Without `structure` only contrast is asked for, the one rule whose answer depends on the theme.

    It is slow at contrast, so of all texts that look the same in the same surroundings it is asked about one.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    common = {"preload": False, "resultTypes": ["violations"]}  # preload would fetch the styles again
    contrast = {**common, "runOnly": ["color-contrast"]}
    rest = {**common, "rules": {"color-contrast": {"enabled": False}}} if structure else None
    violations = page.evaluate(ASK % LOOKS, [place, contrast, rest])
    return [f"{v['id']}: {node['html'][:200]}" for v in violations for node in v["nodes"]]
