// Judges the questions of a page by the data that stand in their forms. Nothing leaves the reader's browser.
"use strict";

// ── Reading numbers: the rules of lossbook/exercises/reading.py ──────────────────────────────────────────────────────

const SPACE = " \\t\\n\\r\\u00a0\\u2009\\u202f";
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
const STRANGE = new RegExp(`[^0-9.,/+\\-${SPACE}]+`, "gu");
const NUMBER = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/;
const THOUSANDS = /^[+-]?[1-9][0-9]{0,2},[0-9]{3}$/;
const DECIMAL_COMMA = /^([+-]?[0-9]*),([0-9]+(?:[eE][+-]?[0-9]+)?)$/;

// [number, "", ""], or [null, key of the text that says what is wrong, the piece that was not understood].
function parseNumber(typed) {
  const text = Array.from(typed).slice(0, 200).join("").replace(ENDS, "");
  if (!text) return [null, "empty", ""];
  const ascii = text.replace(/[−–‐‑]/g, "-");
  const parts = ascii.split("/").map((part) => part.replace(ENDS, ""));
  if (parts.some((part) => THOUSANDS.test(part))) return [null, "comma", text];
  const points = parts.map((part) => part.replace(DECIMAL_COMMA, "$1.$2"));
  if (points.length > 2 || !points.every((part) => NUMBER.test(part))) {
    const strange = (ascii.match(STRANGE) ?? []).filter((piece) => piece !== "e" && piece !== "E");
    return strange.length ? [null, "word", strange[0]] : [null, "shape", text];
  }
  const [top, below] = points.map(Number);
  if (below === 0) return [null, "zero", text];
  const value = below === undefined ? top : top / below;
  return Number.isFinite(value) ? [value, "", ""] : [null, "big", text];
}

const NEAR = 10; // margins from the answer: an answer rounded too much, or a small slip
const close = (left, right, margin) => Math.abs(left - right) <= margin * (1 + 1e-9);

// ── Judging: each returns [status, key or keys of feedback, or {text, piece}] ────────────────────────────────────────

const say = (text, piece = "") => [{ text, piece: String(piece) }];

function judgeNumber(form, { answer, margin, mistakes }) {
  const [value, problem, piece] = parseNumber(form.querySelector("input").value);
  if (problem) return [problem === "empty" ? "not attempted" : "wrong", say(problem, piece)];
  if (close(value, answer, margin)) return ["right", say("right")];
  const slip = mistakes.findIndex((wrong) => close(value, wrong, margin));
  if (slip >= 0) return ["wrong", [String(slip)]];
  if (close(-value, answer, margin)) return ["wrong", say("sign")];
  return ["wrong", say(close(value, answer, NEAR * margin) ? "near" : "number")];
}

function judgeChoice(form, { right }) {
  const chosen = Array.from(form.querySelectorAll("input:checked"), (box) => box.value);
  if (!chosen.length) return ["not attempted", say("choose")];
  const wrong = chosen.filter((letter) => !right.includes(letter));
  if (wrong.length) return ["wrong", wrong];
  return chosen.length < right.length ? ["wrong", say("more")] : ["right", chosen];
}

function judgeOrder(form, { accepted, mistakes }) {
  const letters = Array.from(form.querySelectorAll("[data-letter]"), (step) => step.dataset.letter);
  const common = accepted.map((order) => order.concat(null).findIndex((letter, place) => letter !== letters[place]));
  const prefix = Math.max(...common);
  if (accepted.some((order) => order.join() === letters.join())) return ["right", say("right")];
  const slip = mistakes.findIndex((wrong) => {
    const places = wrong.map((letter) => letters.indexOf(letter));
    return places.every((place, index) => index === 0 || places[index - 1] < place);
  });
  if (slip >= 0) return ["wrong", [String(slip)]];
  return ["wrong", say(prefix > 0 ? "prefix" : "start", prefix)];
}

const done = () => ["right", say("done")];
const JUDGES = { numeric: judgeNumber, choice: judgeChoice, order: judgeOrder, code: done, paper: done };

// ── Showing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const dataOf = (form) => JSON.parse(form.querySelector("script[type='application/json']").textContent);

function paragraphs(form, texts, messages) {
  return messages.map((message) => {
    if (typeof message === "string") {
      return form.querySelector(`template[data-feedback="${message}"]`).content.cloneNode(true);
    }
    const paragraph = document.createElement("p");
    paragraph.textContent = texts[message.text].replace("{piece}", () => message.piece);
    return paragraph;
  });
}

function typeset(box) {
  const mathjax = globalThis.MathJax;
  if (box.querySelector(".math")) mathjax?.startup?.promise?.then(() => mathjax.typesetPromise?.([box]));
}

function check(form) {
  const data = dataOf(form);
  const output = form.querySelector("output");
  const [status, messages] = JUDGES[form.dataset.kind](form, data);
  const heading = document.createElement("strong");
  heading.textContent = data.headings[status];
  output.replaceChildren(heading, ...paragraphs(form, data.texts, messages));
  output.dataset.status = status;
  typeset(output);
  if (status !== "not attempted") remember(form, status);
}

function move(form, button) {
  const step = button.closest("[data-letter]");
  const earlier = button.dataset.move === "-1";
  const other = earlier ? step.previousElementSibling : step.nextElementSibling;
  if (other) earlier ? other.before(step) : other.after(step);
  button.focus(); // a node that moves loses it
  const steps = [...step.parentElement.children];
  const output = form.querySelector("output");
  delete output.dataset.status;
  output.textContent = dataOf(form).texts.moved.replace("{piece}", () => `${steps.indexOf(step) + 1}/${steps.length}`);
}

// Hints come one after the other: each shows when the one before has been opened.
function grade(hints) {
  hints.forEach((hint, index) => {
    hint.hidden = index > 0;
    hint.addEventListener("toggle", () => {
      if (hint.open && hints[index + 1]) hints[index + 1].hidden = false;
    });
  });
}

// ── Progress, kept in this browser where it allows that ──────────────────────────────────────────────────────────────

const PREFIX = "lossbook:question:";
const memory = new Map(); // what holds where nothing may be stored

function store(use) {
  try {
    return use(globalThis.localStorage);
  } catch {
    return null;
  }
}

const recall = (id) => memory.get(id) ?? store((storage) => storage.getItem(PREFIX + id));

function remember(form, status) {
  const id = form.dataset.question;
  const kept = recall(id) === "right" ? "right" : status;
  memory.set(id, kept);
  store((storage) => storage.setItem(PREFIX + id, kept));
  tally();
}

function forget() {
  memory.clear();
  store((storage) => Object.keys(storage).filter((key) => key.startsWith(PREFIX)).forEach((key) => storage.removeItem(key)));
  for (const output of document.querySelectorAll("form.question output")) {
    output.replaceChildren();
    delete output.dataset.status;
  }
  tally(" Your progress in the whole book is cleared.");
}

function tally(more = "") {
  const forms = [...document.querySelectorAll("form.question")];
  forms.forEach((form) => {
    form.dataset.progress = recall(form.dataset.question) ?? "";
  });
  const count = (status) => forms.filter((form) => form.dataset.progress === status).length;
  const words = `${count("right")} of ${forms.length} done, ${count("wrong")} tried.`;
  document.querySelector(".question-tally output").textContent = words + more;
}

function tallyPanel(last) {
  const panel = document.createElement("div");
  panel.className = "question-tally";
  panel.innerHTML =
    '<p><strong>Questions on this page:</strong> <output aria-live="polite"></output></p>' +
    '<p><button type="button">Clear my progress</button> Kept in this browser only; nothing is sent.</p>';
  panel.querySelector("button").addEventListener("click", forget);
  last.after(panel);
}

function start(forms) {
  tallyPanel(forms.at(-1));
  for (const form of forms) {
    form.classList.add("live");
    grade([...form.querySelectorAll(".question-hint")]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter?.closest(".question-buttons")) check(form);
    });
    // Enter would press the form's first button, which may be one that copies a listing.
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("input")) return;
      event.preventDefault();
      check(form);
    });
    form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-move]");
      if (button) move(form, button);
    });
  }
  tally();
}

if (globalThis.document) {
  const forms = [...document.querySelectorAll("form.question")];
  if (forms.length) start(forms);
}
