// "Try it here": a field under a code exercise, and the Python that judges what is typed. See `python_worker.js`.
"use strict";

const HERE = document.currentScript.src;
const TYPED = "lossbook:typed:";
const INDENT = "    ";
const FROM_A_FILE =
  "This page was opened from a file, and browsers start no Python there. Run `make serve` in the book's folder and " +
  "open the address that it prints, or read the book on the web.";
const NOT_LOADED = "Python could not be loaded into this page. Is this computer still online? Check tries again.";
const GONE = "Python has ended and says nothing more. Check starts it anew.";
const PATIENCE = 20; // seconds until a Python that says nothing counts as gone

// ── The Python of this page: one worker, made at the first check and anew when one has been ended ────────────────────

class Python {
  #worker = null;
  #ready = null;
  #turn = Promise.resolve();
  #end = null; // ends what is running
  watch = () => {}; // is told how much has been loaded

  start() {
    this.#ready ??= new Promise((ready, absent) => {
      const worker = new Worker(new URL("python_worker.js", HERE));
      this.#worker = worker;
      worker.onmessage = ({ data }) => {
        if (data.total) this.watch(data.loaded, data.total);
        if (data.ready) ready(worker);
        if (data.absent) absent(new Error(NOT_LOADED));
      };
      worker.onerror = (problem) => {
        problem.preventDefault();
        absent(new Error(NOT_LOADED));
      };
    });
    return this.#ready;
  }

  #drop() {
    this.#worker?.terminate();
    this.#worker = this.#ready = null;
  }

  // The card for what was typed; null if it was stopped. One answer at a time.
  check(id, typed) {
    const run = () => this.#run(id, typed);
    const card = this.#turn.then(run, run);
    this.#turn = card.catch(() => {});
    return card;
  }

  async #run(id, typed) {
    let stopped = false;
    const stop = new Promise((_, refuse) => {
      this.#end = () => {
        stopped = true;
        refuse(new Error("stopped"));
      };
    });
    try {
      const worker = await Promise.race([this.start(), stop]);
      return await Promise.race([this.#judged(worker, id, typed), stop]);
    } catch (problem) {
      this.#drop();
      if (!stopped) throw problem;
      this.start().catch(() => this.#drop());
      return null;
    } finally {
      this.#end = null;
    }
  }

  #judged(worker, id, typed) {
    return new Promise((show, refuse) => {
      let unfinished = null, timer = setTimeout(() => refuse(new Error(GONE)), 1000 * PATIENCE);
      const finish = (card) => {
        clearTimeout(timer);
        show(card);
      };
      const end = (how) => {
        this.#drop();
        this.start().catch(() => this.#drop()); // so that it is there when the next answer comes
        if (unfinished) finish(unfinished[how]);
        else refuse(new Error(GONE));
      };
      worker.onmessage = ({ data }) => {
        if (data.card) finish(data.card);
        if (data.failed) end("crash");
        if (!data.unfinished) return;
        unfinished = data.unfinished;
        clearTimeout(timer);
        timer = setTimeout(end, 1000 * unfinished.seconds, "timeout");
      };
      worker.onerror = (problem) => {
        problem.preventDefault();
        end("crash");
      };
      worker.postMessage({ id, typed });
    });
  }

  stop() {
    this.#end?.();
  }
}

const python = new Python();

// ── The card ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function made(name, content = "", attributes = {}) {
  const node = Object.assign(document.createElement(name), attributes);
  node.append(...[content].flat());
  return node;
}

// `Code` between backticks; all else as it stands.
const inline = (text) => text.split(/`([^`]+)`/).map((part, odd) => (odd % 2 ? made("code", part) : part));

function show(form, { heading, status, messages, rows, code }) {
  const output = form.querySelector(":scope > output");
  const said = messages.map((message) =>
    typeof message === "number"
      ? form.querySelector(`template[data-feedback="${message}"]`).content.cloneNode(true)
      : made("p", inline(message)),
  );
  const lines = rows.map(([name, value]) =>
    made("tr", [made("th", name, { scope: "row" }), made("td", made("code", value))]),
  );
  const table = lines.length ? [made("table", made("tbody", lines), { className: "question-case" })] : [];
  const trace = code ? [made("pre", code, { tabIndex: 0 })] : [];
  output.replaceChildren(made("strong", heading), ...said, ...trace, ...table);
  output.dataset.status = status;
  if (status === "right" || status === "wrong") remember(form, status);
}

function tell(form, text) {
  const output = form.querySelector(":scope > output");
  delete output.dataset.status;
  output.replaceChildren(...(text ? [made("p", inline(text))] : []));
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

function open(form, box) {
  const id = form.dataset.question;
  const title = form.querySelector(".question-title").textContent;
  const starter = form.querySelector("fieldset > [class*='highlight'] pre").textContent.trimEnd() + "\n";
  const field = made("textarea", starter, { id: `typed-${id}`, spellcheck: false, autocapitalize: "off", wrap: "off" });
  const label = made("label", "Your function", { htmlFor: field.id });
  const help = made("div", "Tab indents. Escape, then Tab, leaves the field. Ctrl and Enter check.", { id: `help-${id}`, className: "question-help" });
  const cost = made("span", `The first check loads Python, ${box.dataset.megabytes} MB, once, from this site.`, { className: "question-help" });
  const check = made("button", "Check", { type: "button", ariaLabel: `Check what you typed: ${title}` });
  const stop = made("button", "Stop", { type: "button", ariaLabel: `Stop: ${title}`, disabled: true });
  const bar = made("progress", "", { max: 1, value: 0, hidden: true, ariaLabel: "Python loaded" });
  field.setAttribute("aria-describedby", help.id);
  field.rows = Math.max(8, starter.split("\n").length + 4);
  field.value = store((storage) => storage.getItem(TYPED + id)) ?? starter;
  box.append(label, field, help, made("div", [check, stop, bar, cost], { className: "question-buttons" }));

  async function press() {
    if (check.disabled) return;
    if (location.protocol === "file:") return tell(form, FROM_A_FILE);
    check.disabled = true;
    stop.disabled = false;
    if (document.activeElement === check) stop.focus(); // what cannot be pressed loses it
    tell(form, loaded ? "Running…" : `Loading Python into this page: ${box.dataset.megabytes} MB, once, from this site…`);
    python.watch = (have, total) => {
      bar.hidden = loaded;
      bar.value = have / total;
    };
    try {
      const card = await python.check(id, field.value);
      card ? show(form, card) : tell(form, "Stopped.");
      if (card) loaded = true;
    } catch (problem) {
      tell(form, problem.message);
    }
    bar.hidden = true;
    if (loaded) document.querySelectorAll(".question-try .question-buttons .question-help").forEach((one) => one.remove());
    check.disabled = false;
    if (document.activeElement === stop) check.focus();
    stop.disabled = true;
  }

  keys(field, press);
  check.addEventListener("click", press);
  stop.addEventListener("click", () => python.stop());
  field.addEventListener("input", () => store((storage) => storage.setItem(TYPED + id, field.value)));
  form.addEventListener("reset", () => store((storage) => storage.removeItem(TYPED + id)));
}

let loaded = false; // whether Python has been here

for (const box of document.querySelectorAll(".question-try")) {
  const form = box.closest("form");
  box.addEventListener("toggle", () => open(form, box), { once: true });
}
