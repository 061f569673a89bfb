// Judges the questions of a page by the data that stand in their forms. Nothing leaves the reader's browser.
"use strict";

// ── Reading numbers: the grammar of lossbook/exercises/reading.py ────────────────────────────────────────────────────

const LONGEST = 200, DEEPEST = 20, SHOWN = 40;
const SPACE = " \t\n\r\u00a0\u2009\u202f";
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
const SAME = { "−": "-", "–": "-", "‐": "-", "‑": "-", "×": "*", "·": "*", "÷": "/", "⁄": "/", "∕": "/" };
const FRACTIONS = {
  "½": [1, 2], "⅓": [1, 3], "⅔": [2, 3], "¼": [1, 4], "¾": [3, 4], "⅕": [1, 5], "⅖": [2, 5], "⅗": [3, 5],
  "⅘": [4, 5], "⅙": [1, 6], "⅚": [5, 6], "⅛": [1, 8], "⅜": [3, 8], "⅝": [5, 8], "⅞": [7, 8],
};
const CONSTANTS = { e: Math.E, pi: Math.PI, "π": Math.PI };
const FUNCTIONS = {
  "√": Math.sqrt, sqrt: Math.sqrt, log: Math.log, ln: Math.log, log2: Math.log2, log10: Math.log10, exp: Math.exp,
};
const GROUPED = "[1-9][0-9]{0,2}(?:[ \u00a0\u2009\u202f][0-9]{3})+(?![0-9])";
const MIXED = new RegExp(`([0-9]*)([${Object.keys(FRACTIONS).join("")}])`, "y");
const NUMBER = new RegExp(`(?:(?:${GROUPED}|[0-9]+)(?:\\.[0-9]*|,[0-9]+)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?`, "y");
const THOUSANDS = /^[1-9][0-9]{0,2},[0-9]{3}$/;
const SIGN = /\*\*|[-+*/^%()]/y;
const NAME = /[Ll][Oo][Gg](?:2|10)(?=[ ]*\()|[A-Za-z]+|[√π]/y;
const STRANGE = new RegExp(`[^0-9.,/+*^%()\\-${SPACE}]+`, "uy");

class Unread extends Error {
  constructor(key, piece) {
    super(key);
    const signs = Array.from(piece);
    Object.assign(this, { key, piece: signs.length <= SHOWN ? piece : `${signs.slice(0, SHOWN - 1).join("")}…` });
  }
}

// [number, "", ""], or [null, key of the text that says what is wrong, the piece that was not understood].
function parseNumber(typed) {
  const text = typed.replace(ENDS, "");
  try {
    const refused = Array.from(text).length > LONGEST || text.split("(").length - 1 > DEEPEST;
    if (!text || refused) throw new Unread(text ? "shape" : "empty", text);
    return [new Reader(text).number(), "", ""];
  } catch (refused) {
    if (!(refused instanceof Unread)) throw refused;
    return [null, refused.key, refused.piece];
  }
}

function tokens(text) {
  const found = [];
  const typed = text.replace(/[−–‐‑×·÷⁄∕]/g, (sign) => SAME[sign]);
  let place = 0;
  const at = (pattern) => {
    pattern.lastIndex = place;
    return pattern.exec(typed);
  };
  while (place < typed.length) {
    let match = at(new RegExp(`[${SPACE}]+`, "y"));
    if (match) {
      // between tokens
    } else if ((match = at(MIXED))) {
      const [top, below] = FRACTIONS[match[2]];
      found.push(Number(match[1]) + top / below);
    } else if ((match = at(NUMBER))) {
      if (THOUSANDS.test(match[0])) throw new Unread("comma", text);
      found.push(Number(match[0].replace(new RegExp(`[${SPACE}]`, "g"), "").replace(",", ".")));
    } else if ((match = at(SIGN))) {
      found.push(match[0] === "**" ? "^" : match[0]);
    } else if ((match = at(NAME)) && [CONSTANTS, FUNCTIONS].some((names) => Object.hasOwn(names, match[0].toLowerCase()))) {
      found.push(match[0].toLowerCase());
    } else {
      const strange = at(STRANGE);
      throw strange ? new Unread("word", strange[0]) : new Unread("shape", text);
    }
    place += match[0].length;
  }
  return found;
}

// Reads tokens from left to right; each method reads one kind of piece and returns its value.
class Reader {
  constructor(text) {
    Object.assign(this, { text, tokens: tokens(text), place: 0 });
  }

  refuse(key) {
    throw new Unread(key, this.text);
  }

  number() {
    const value = this.sum();
    return this.place < this.tokens.length ? this.refuse("shape") : value;
  }

  take(...wanted) {
    const token = this.tokens[this.place];
    if (!wanted.includes(token)) return "";
    this.place += 1;
    return token;
  }

  value(result) {
    if (Number.isNaN(result)) this.refuse("real");
    return Number.isFinite(result) ? result : this.refuse("big");
  }

  divided(top, below) {
    return below === 0 ? this.refuse("zero") : this.value(top / below);
  }

  sum() {
    let value = this.product();
    for (let sign; (sign = this.take("+", "-")); ) {
      const other = this.product();
      value = this.value(sign === "+" ? value + other : value - other);
    }
    return value;
  }

  product() {
    let value = this.signed();
    for (let sign; (sign = this.take("*", "/")); ) {
      const other = this.signed();
      value = sign === "*" ? this.value(value * other) : this.divided(value, other);
    }
    return value;
  }

  signed() {
    if (this.take("-")) return -this.power();
    this.take("+");
    return this.power();
  }

  power() {
    let base = this.atom();
    if (this.take("%")) base /= 100;
    if (!this.take("^")) return base;
    const exponent = this.signed();
    return base === 0 && exponent < 0 ? this.refuse("zero") : this.value(base ** exponent);
  }

  atom() {
    if (this.take("(")) return this.restOfBrackets();
    const name = this.take(...Object.keys(FUNCTIONS));
    if (!name) return this.plain();
    const value = this.take("(") ? this.restOfBrackets() : this.bare(name);
    return name.startsWith("l") && value === 0 ? this.refuse("real") : this.value(FUNCTIONS[name](value));
  }

  restOfBrackets() {
    const value = this.sum();
    return this.take(")") ? value : this.refuse("shape");
  }

  // The number after `ln` or `√` without brackets. What follows must not belong to it: ln 1/2 means two things.
  bare(name) {
    const value = this.plain();
    const next = this.tokens[this.place];
    return (name === "√" ? ["^", "%"] : ["^", "%", "*", "/"]).includes(next) ? this.refuse("shape") : value;
  }

  plain() {
    const token = this.tokens[this.place++];
    if (typeof token === "number") return this.value(token);
    return Object.hasOwn(CONSTANTS, token) ? CONSTANTS[token] : this.refuse("shape");
  }
}

const NEAR = 10; // margins from the answer: an answer rounded too much, or a small slip
const close = (left, right, margin) => Math.abs(left - right) <= margin * (1 + 1e-9);

// ── Judging: each returns [status, key or keys of feedback, or {text, piece}] ────────────────────────────────────────

const say = (text, piece = "") => [{ text, piece: String(piece) }];

function judgeNumber(form, { answer, margin, mistakes, slips }) {
  const [value, problem, piece] = parseNumber(form.querySelector("input").value);
  if (problem) return [problem === "empty" ? "not attempted" : "not read", say(problem, piece)];
  if (close(value, answer, margin)) return ["right", say("right")];
  const known = mistakes.findIndex(([wrong, reach]) => close(value, wrong, reach));
  if (known >= 0) return ["wrong", [String(known)]];
  const slip = slips.find(([, wrong, reach]) => close(value, wrong, reach));
  if (slip) return ["wrong", say(slip[0])];
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

function check(form) {
  const data = dataOf(form);
  const output = form.querySelector("output");
  const [status, messages] = JUDGES[form.dataset.kind](form, data);
  const heading = document.createElement("strong");
  heading.textContent = data.headings[status];
  output.replaceChildren(heading, ...paragraphs(form, data.texts, messages));
  output.dataset.status = status;
  if (status === "right" || status === "wrong") remember(form, status);
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

// Back to how the page came: nothing filled in, steps as they were offered, hints and solution folded, nothing noted.
function clear(form) {
  const id = form.dataset.question;
  memory.delete(id);
  store((storage) => storage.removeItem(PREFIX + id));
  form.reset();
  const steps = form.querySelector(".question-steps");
  steps?.append(...[...steps.children].sort((one, other) => (one.dataset.letter < other.dataset.letter ? -1 : 1)));
  form.querySelectorAll("details").forEach((box) => {
    box.open = false;
  });
  form.querySelectorAll(".question-hint").forEach((hint, index) => {
    hint.hidden = index > 0;
  });
  const output = form.querySelector("output");
  output.replaceChildren();
  delete output.dataset.status;
}

function clearOne(form) {
  clear(form);
  tally();
  form.querySelector("input, button").focus(); // the button that was pressed is gone
}

function clearPage(forms) {
  const what = `Clear your answers to the ${forms.length} questions on this page, and what is noted of them?`;
  if (!confirm(`${what} Other chapters keep theirs.`)) return;
  forms.forEach(clear);
  tally(" This page is cleared.");
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

function start(forms) {
  document.querySelector(".question-tally button").addEventListener("click", () => clearPage(forms));
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
      if (event.target.closest(".question-clear")) clearOne(form);
    });
  }
  tally();
}

if (globalThis.document) {
  const begin = () => {
    const forms = [...document.querySelectorAll("form.question")];
    if (forms.length) start(forms);
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin); // where `predict` needs it early
  else begin();
}
