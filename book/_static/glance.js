// Filters the losses at a glance. The state stands in the address (#q=huber&chapter=regression), to be passed on.
"use strict";

const form = document.querySelector(".glance-filter");
const losses = [...document.querySelectorAll(".glance-loss")];

const plain = (text) => text.toLowerCase().replace(/[–‐‑−]/g, "-");

function show() {
  const { q, chapter, density } = form.elements;
  const wanted = plain(q.value).split(/\s+/);
  for (const loss of losses) {
    const data = loss.dataset;
    loss.hidden = !(
      wanted.every((word) => data.words.includes(word)) &&
      (!chapter.value || data.chapter === chapter.value) &&
      (!density.checked || data.density === "yes")
    );
  }
  const count = losses.filter((loss) => !loss.hidden).length;
  form.querySelector("output").value =
    count === losses.length ? `${count} losses` : count ? `${count} of ${losses.length} losses` : "No loss fits.";
  dispatchEvent(new Event("resize")); // formulas that were hidden get their tab stops (lossbook.js)
}

function remember() {
  const state = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
}

// The state of an address like #q=…; a link to one loss, like #loss-huber, shows all and goes there.
function recall() {
  const hash = location.hash.slice(1);
  const state = new URLSearchParams(hash.includes("=") ? hash : "");
  for (const name of ["q", "chapter"]) form.elements[name].value = state.get(name) ?? "";
  if (form.elements.chapter.selectedIndex < 0) form.elements.chapter.value = "";
  form.elements.density.checked = state.has("density");
  show();
  if (hash && !hash.includes("=")) document.getElementById(hash)?.scrollIntoView();
}

if (form) {
  form.hidden = false;
  form.addEventListener("input", () => { show(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { show(); remember(); form.elements.q.focus(); }));
  addEventListener("hashchange", recall);
  recall();
}
