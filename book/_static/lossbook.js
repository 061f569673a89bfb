// What the theme leaves to be desired for keyboards and screen readers. No mathematics, no state.
"use strict";

// The name of the book, above the navigation, belongs to a landmark.
for (const sidebar of document.querySelectorAll("#pst-primary-sidebar")) {
  sidebar.setAttribute("role", "region");
  sidebar.setAttribute("aria-label", "Sidebar");
}

// What scrolls sideways can be reached and scrolled with the keyboard; what does not is no tab stop.
const SCROLLERS = "div.math, .bd-article pre, .pst-scrollable-table-container, .cell_output > .output";
function reachable() {
  for (const box of document.querySelectorAll(SCROLLERS)) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("resize", reachable);
addEventListener("load", () => {
  reachable();
  window.MathJax?.startup?.promise?.then(reachable);
});
