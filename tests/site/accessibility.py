"""What axe-core says about a page, in seconds where it would take a minute."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# The drawn formulas' insides, which axe-core is not to judge but would wade through, go; their outer size stays. So do
# most entries of the package's reference. And colours change at once.
LIGHTEN = """() => {
    const formulas = [...document.querySelectorAll("article math")].map((one) => [one, one.getBoundingClientRect()]);
    for (const [one, { width, height }] of formulas) {
        one.style.cssText = `display: inline-block; width: ${width}px; height: ${height}px`;
        one.replaceChildren();
    }
    const entries = {};
    // Made by one template: the first of each kind will do.
    for (const one of document.querySelectorAll("article dl.py"))
        (entries[one.className] ??= []).push(one) > 12 && one.replaceChildren();
    const calm = document.createElement("style");
    calm.textContent = "* { transition: none !important; animation: none !important }";
    document.head.append(calm);
}"""
# One element for every look of a text: its own font and colours, and those of all that it stands in.
LOOKS = """(place) => {
    const looks = new Map(), seen = (window.looksSeen ??= new Set()), places = new Map();
    const of = (one) => { // an element's own ground, on that of all that it stands in
        if (!one) return "";
        if (!places.has(one)) {
            const { backgroundColor, backgroundImage, opacity, position, filter } = getComputedStyle(one);
            const name = one.localName === "span" ? [] : [one.localName, String(one.className)];
            const own = [backgroundColor, backgroundImage, opacity, position, filter, ...name].join("|");
            places.set(one, `${own}|${of(one.parentElement)}`);
        }
        return places.get(one);
    };
    for (const one of document.querySelector(place).querySelectorAll("*")) {
        const speaks = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!(speaks || one.matches("input, select, textarea")) || one.closest("math")) continue;
        if (!one.checkVisibility()) continue;
        const { color, fill, fontSize, fontWeight, textShadow } = getComputedStyle(one);
        const look = [one.closest("figure.explorer")?.dataset.explorer, color, fill, fontSize, fontWeight, textShadow];
        const key = [...look, of(one)].join("|");
        if (!seen.has(key)) looks.set(key, one);
        seen.add(key);
    }
    return [...looks.values()];
}"""
# axe-core is slow at contrast, so it is asked about the elements marked here only.
ASK = """async ([place, options]) => {
    document.querySelectorAll("[data-look]").forEach((one) => one.removeAttribute("data-look"));
    (%s)(place).forEach((one) => one.setAttribute("data-look", ""));
    axe.configure({ rules: [{ id: "color-contrast", selector: "[data-look]" }] });
    return (await axe.run({ include: [[place]] }, options)).violations;
}"""


def findings(page: Page, place: str = "html", *, structure: bool = True) -> list[str]:
    """What axe-core finds in a place outside of drawn formulas, one line per element.

    Without `structure` only contrast is asked for, the one rule whose answer depends on the theme. Of all texts that
    look the same in the same surroundings one is judged, and not again at another width.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"preload": False, "resultTypes": ["violations"]}  # preload would fetch the styles again
    violations = page.evaluate(
        ASK % LOOKS, [place, options if structure else {**options, "runOnly": ["color-contrast"]}]
    )
    return [f"{v['id']}: {node['html'][:200]}" for v in violations for node in v["nodes"]]
