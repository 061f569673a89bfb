// What the theme leaves to be desired for keyboards and screen readers. No mathematics, no state.
"use strict";

// The name of the book, above the navigation, belongs to a landmark.
for (const sidebar of document.querySelectorAll("#pst-primary-sidebar")) {
  sidebar.setAttribute("role", "region");
  sidebar.setAttribute("aria-label", "Sidebar");
}

// What folds is named by the words on it, where the theme calls each "Toggle hidden content".
for (const fold of document.querySelectorAll("[aria-label='Toggle hidden content']")) fold.removeAttribute("aria-label");


// What scrolls sideways can be reached and scrolled with the keyboard, and fades out where it goes on.
const SCROLLERS = "div.math > .display, .bd-article span.math, .bd-article pre, .explorer-picture, .pst-scrollable-table-container, .cell_output > .output";
const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => reach(target)));
const reachable = () => document.querySelectorAll(SCROLLERS).forEach((box) => sizes.observe(box));
function reach(box) {
  if (rest(box) > 0) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
  showEnds(box);
}
const rest = (box) => (getComputedStyle(box).overflowX === "visible" ? 0 : box.scrollWidth - box.clientWidth);
function showEnds(box) {
  box.classList.toggle("more-right", rest(box) - box.scrollLeft > 2);
  box.classList.toggle("more-left", box.scrollLeft > 2);
}
addEventListener("scroll", ({ target }) => target.matches?.(SCROLLERS) && showEnds(target), true);

// Paper is white, so it gets the light theme: all of it, which no rule for print could list.
const paper = matchMedia("print");
let darkness; // the theme to come back to
let folded = []; // what is unfolded for print alone
function printed(prints = true) {
  if (prints) folded.push(...document.querySelectorAll("details:is(.dropdown, .loss-card):not([open])"));
  for (const fold of folded) fold.open = prints;
  if (!prints) folded = [];
  const root = document.documentElement.dataset;
  if (prints && root.theme === "dark") [darkness, root.theme] = [root.theme, "light"];
  else if (!prints && darkness) [root.theme, darkness] = [darkness];
}
paper.addEventListener("change", () => printed(paper.matches));
addEventListener("beforeprint", () => printed());
addEventListener("afterprint", () => printed(false));

// A formula is copied as its TeX, and whole, however little of it is marked.
const formulaOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest("math");
addEventListener("copy", (event) => {
  const selection = getSelection();
  if (selection.isCollapsed || !selection.rangeCount) return;
  const range = selection.getRangeAt(0).cloneRange();
  const [first, last] = [formulaOf(range.startContainer), formulaOf(range.endContainer)];
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  const copied = document.createElement("div");
  copied.append(range.cloneContents());
  const formulas = copied.querySelectorAll("math");
  if (!formulas.length) return;
  for (const formula of formulas) {
    const mark = formula.getAttribute("display") === "block" ? "$$" : "$";
    formula.replaceWith(mark + formula.querySelector("annotation").textContent + mark);
  }
  copied.style.cssText = "position: fixed; left: -200vw";
  document.body.append(copied); // text has its lines only where it is laid out
  event.clipboardData.setData("text/plain", copied.innerText);
  event.clipboardData.setData("text/html", copied.innerHTML);
  copied.remove();
  event.preventDefault();
});

// A link to a state of a figure that is not on this page says so; the figure's player says what else may be wrong.
function nowhere() {
  document.querySelector("body > .no-figure")?.remove();
  const [, name] = location.hash.match(/^#([\w-]+)\?/) ?? [];
  if (!name || document.querySelector(`figure.explorer[data-explorer="${name}"]`)) return;
  const line = Object.assign(document.createElement("p"), { className: "no-figure", role: "alert" });
  line.textContent = `This page has no figure called “${name}”.`;
  line.addEventListener("click", () => line.remove());
  document.body.append(line);
}
addEventListener("load", nowhere);
addEventListener("hashchange", nowhere);

addEventListener("load", reachable);
