// Python in a page, for all that runs code here (`try.js`, `run.js`, `own.js`), and the field that code is typed into.
"use strict";

const PAGE_PYTHON = document.currentScript.src;
const TYPED = "lossbook:typed:";
const INDENT = "    ";
const FROM_A_FILE =
  "This page was opened from a file, and browsers start no Python there. Run `make serve` in the book's folder and " +
  "open the address that it prints, or read the book on the web.";
const NOT_LOADED = "Python could not be loaded into this page. Is this computer still online? The next press tries again.";
const GONE = "Python has ended and says nothing more. The next press starts it anew.";
const PATIENCE = 20; // seconds until a Python that says nothing counts as gone

// ── The Python of this page: one worker, made at the first press and anew when one has been ended ────────────────────

class Python {
  #worker = null;
  #ready = null;
  #turn = Promise.resolve();
  #end = null; // ends what is running
  loaded = false; // whether it has been here
  watch = () => {}; // is told how much has been loaded

  start() {
    this.#ready ??= new Promise((ready, absent) => {
      const worker = new Worker(new URL("python_worker.js", PAGE_PYTHON));
      this.#worker = worker;
      worker.onmessage = ({ data }) => {
        if (data.total) this.watch(data.loaded, data.total);
        if (data.ready) {
          this.loaded = true;
          ready(worker);
        }
        if (data.absent) absent(new Error(NOT_LOADED));
      };
      worker.onerror = (problem) => {
        problem.preventDefault();
        absent(new Error(NOT_LOADED));
      };
    });
    return this.#ready;
  }

  // One that has been ended may still complain, and must not be heard then.
  #drop() {
    if (this.#worker) this.#worker.onmessage = this.#worker.onerror = null;
    this.#worker?.terminate();
    this.#worker = this.#ready = null;
  }

  #anew() {
    this.#drop();
    this.start().catch(() => this.#drop()); // so that it is there when the next call comes
  }

  // What Python answers to a call of `lossbook.page`; null if it was stopped. One at a time. `hear` is told what is
  // printed meanwhile. Where it has to be ended, the answer is the one that Python gave beforehand for that case.
  ask(call, given, hear = () => {}) {
    const run = () => this.#run(call, given, hear);
    const answer = this.#turn.then(run, run);
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async #run(call, given, hear) {
    let stopped = false;
    const stop = new Promise((_, refuse) => {
      this.#end = () => {
        stopped = true;
        refuse(new Error("stopped"));
      };
    });
    try {
      const worker = await Promise.race([this.start(), stop]);
      return await Promise.race([this.#answered(worker, call, given, hear), stop]);
    } catch (problem) {
      if (!stopped) {
        this.#drop();
        throw problem;
      }
      this.#anew();
      return null;
    } finally {
      this.#end = null;
    }
  }

  #answered(worker, call, given, hear) {
    return new Promise((show, refuse) => {
      let unfinished = null, timer = setTimeout(() => refuse(new Error(GONE)), 1000 * PATIENCE);
      const finish = (answer) => {
        clearTimeout(timer);
        show(answer);
      };
      const end = (how) => {
        this.#anew();
        if (unfinished) finish(unfinished[how]);
        else refuse(new Error(GONE));
      };
      worker.onmessage = ({ data }) => {
        if (data.answer) finish(data.answer);
        if (data.failed) end("crash");
        if (data.said?.printed) hear(data.said.printed);
        if (!data.said?.seconds) return;
        unfinished = data.said;
        clearTimeout(timer);
        timer = setTimeout(end, 1000 * unfinished.seconds, "timeout");
      };
      worker.onerror = (problem) => {
        problem.preventDefault();
        end("crash");
      };
      worker.postMessage({ call, given });
    });
  }

  stop() {
    this.#end?.();
  }
}

const python = new Python();

// ── Nodes, and what this browser keeps ───────────────────────────────────────────────────────────────────────────────

function made(name, content = "", attributes = {}) {
  const node = Object.assign(document.createElement(name), attributes);
  node.append(...[content].flat());
  return node;
}

// `Code` between backticks; all else as it stands.
const inline = (text) => text.split(/`([^`]+)`/).map((part, odd) => (odd % 2 ? made("code", part) : part));

function kept(use) {
  try {
    return use(globalThis.localStorage);
  } catch {
    return null;
  }
}

// ── The field ────────────────────────────────────────────────────────────────────────────────────────────────────────

// Typed as by hand, so that the browser can undo it.
function insert(field, text) {
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
}

function indent(field, less) {
  const { value, selectionStart: from, selectionEnd: to } = field;
  const start = value.lastIndexOf("\n", from - 1) + 1;
  if (!less && from === to) return insert(field, INDENT.slice((from - start) % INDENT.length));
  const block = value.slice(start, to);
  const moved = less ? block.replace(/^ {1,4}/gm, "") : block.replace(/^(?=.)/gm, INDENT);
  if (moved === block) return;
  field.setSelectionRange(start, to);
  insert(field, moved);
  field.setSelectionRange(from === to ? Math.max(start, from + moved.length - block.length) : start, start + moved.length);
}

function newLine(field) {
  const line = field.value.slice(0, field.selectionStart).split("\n").pop();
  insert(field, `\n${line.match(/^ */)[0]}${line.trimEnd().endsWith(":") ? INDENT : ""}`);
}

function keys(field, check) {
  let leaving = false; // after Escape the next Tab goes on through the page
  field.addEventListener("blur", () => {
    leaving = false;
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Escape") {
      leaving = true;
      return;
    }
    const leave = leaving && event.key === "Tab";
    if (event.key !== "Shift") leaving = false;
    if (leave) return;
    if (event.key === "Tab" && plain) indent(field, event.shiftKey);
    else if (event.key === "Enter" && plain && !event.shiftKey) newLine(field);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) check();
    else return;
    event.preventDefault();
  });
}

const COST = "The first press loads Python, {} MB, once, from this site.";
const HELP = "Tab indents. Escape, then Tab, leaves the field. Ctrl and Enter {}.";

// A field for code in `box`, with a button that runs it and one that stops that. `run` gets what was typed and shows
// what comes; `tell` says what stands in between.
function fieldFor(box, { id, starter, label, verb, title, run, tell }) {
  const field = made("textarea", starter, { id: `typed-${id}`, spellcheck: false, autocapitalize: "off", wrap: "off" });
  const name = made("label", label, { htmlFor: field.id });
  const help = made("div", HELP.replace("{}", verb.toLowerCase()), { id: `help-${id}`, className: "code-help" });
  const cost = made("span", COST.replace("{}", box.dataset.megabytes), { className: "code-help code-cost" });
  const start = made("button", verb, { type: "button", ariaLabel: `${verb} what you typed: ${title}` });
  const stop = made("button", "Stop", { type: "button", ariaLabel: `Stop: ${title}`, disabled: true });
  const bar = made("progress", "", { max: 1, value: 0, hidden: true, ariaLabel: "Python loaded" });
  field.setAttribute("aria-describedby", help.id);
  field.rows = Math.max(starter.split("\n").length + 2, 6);
  field.value = kept((storage) => storage.getItem(TYPED + id)) ?? starter;
  const buttons = made("div", [start, stop, bar, cost], { className: "code-buttons" });
  box.append(name, field, help, buttons);
  if (python.loaded) cost.remove();

  async function press() {
    if (start.disabled) return;
    if (location.protocol === "file:") return tell(FROM_A_FILE);
    start.disabled = true;
    stop.disabled = false;
    if (document.activeElement === start) stop.focus(); // what cannot be pressed loses it
    const loading = `Loading Python into this page: ${box.dataset.megabytes} MB, once, from this site…`;
    tell(python.loaded ? "Running…" : loading);
    python.watch = (have, total) => {
      bar.hidden = python.loaded;
      bar.value = have / total;
    };
    try {
      if (!(await run(field.value))) tell("Stopped.");
    } catch (problem) {
      tell(problem.message);
    }
    bar.hidden = true;
    if (python.loaded) document.querySelectorAll(".code-cost").forEach((one) => one.remove());
    start.disabled = false;
    if (document.activeElement === stop) start.focus();
    stop.disabled = true;
  }

  keys(field, press);
  start.addEventListener("click", press);
  stop.addEventListener("click", () => python.stop());
  const store = () => kept((storage) => storage.setItem(TYPED + id, field.value));
  const forget = () => kept((storage) => storage.removeItem(TYPED + id));
  field.addEventListener("input", () => (field.value === starter ? forget() : store()));
  return { field, buttons, press, forget };
}
