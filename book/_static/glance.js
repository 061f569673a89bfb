// Filters the losses at a glance. The state stands in the address (#q=huber&chapter=regression), to be passed on.
"use strict";

const form = document.querySelector(".glance-filter");
const losses = [...document.querySelectorAll(".glance-loss")];
const missing = document.querySelector(".glance-absent");
const absent = [...document.querySelectorAll(".glance-absent li")];

const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[–‐‑−]/g, "-");
const pieces = (text) => plain(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
const phrases = new Map([...losses, ...absent].map((one) => [one, one.dataset.words.split("|").map(pieces)]));

// A query fits if some phrase, written without gaps, goes on with it from the beginning of one of its words
// (logcosh, log_cosh, F.mse_loss), or if each of its words begins a word of some phrase: of one phrase where the query
// is a single name, as sigmoid_binary_cross_entropy is.
function fits(one, query) {
  const words = pieces(query.replace(/^\s*tf\./i, ""));
  const whole = words.join("");
  const all = phrases.get(one);
  const within = /\s/.test(query.trim()) ? [all.flat()] : all;
  return (
    all.some((phrase) => phrase.some((_, start) => phrase.slice(start).join("").startsWith(whole))) ||
    within.some((some) => words.every((word) => some.some((piece) => piece.startsWith(word))))
  );
}

function show() {
  const { q, chapter, density } = form.elements;
  const asked = pieces(q.value).length > 0;
  for (const loss of losses) {
    loss.hidden = !(
      (!asked || fits(loss, q.value)) &&
      (!chapter.value || loss.dataset.chapter === chapter.value) &&
      (!density.checked || loss.dataset.density === "yes")
    );
  }
  for (const one of absent) one.hidden = asked && !fits(one, q.value);
  const others = asked ? absent.filter((one) => !one.hidden) : [];
  missing.hidden = asked && !others.length;
  missing.open = others.length > 0;

  const count = losses.filter((loss) => !loss.hidden).length;
  const found = count === losses.length ? `${count} losses` : count ? `${count} of ${losses.length} losses` : "";
  const names = others.map((one) => one.querySelector("b").textContent);
  const elsewhere = names.length ? `Not in this course: ${names.join(", ")}.` : "";
  form.querySelector("output").value = found || elsewhere ? [found, elsewhere].filter(Boolean).join(". ") : "No loss fits.";
  dispatchEvent(new Event("resize")); // formulas that were hidden get their tab stops (lossbook.js)
}

function remember() {
  const state = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
}

// The state of an address like #q=…; a link to one loss, like #loss-huber, shows all, goes there; the page opens it.
function recall() {
  const hash = location.hash.slice(1);
  const state = new URLSearchParams(hash.includes("=") ? hash : "");
  for (const name of ["q", "chapter"]) form.elements[name].value = state.get(name) ?? "";
  if (form.elements.chapter.selectedIndex < 0) form.elements.chapter.value = "";
  form.elements.density.checked = state.has("density");
  show();
  const aim = hash && !hash.includes("=") && document.getElementById(hash);
  if (!aim) return;
  aim.scrollIntoView();
}

function openAll() {
  const button = form.elements.open;
  const opened = button.textContent === "Open all";
  for (const loss of losses) loss.open = opened;
  button.textContent = opened ? "Close all" : "Open all";
}

if (form) {
  form.addEventListener("input", () => { show(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { show(); remember(); form.elements.q.focus(); }));
  form.elements.open.addEventListener("click", openAll);
  for (const loss of losses) loss.addEventListener("toggle", () => dispatchEvent(new Event("resize")));
  addEventListener("hashchange", recall);
  recall();
}
