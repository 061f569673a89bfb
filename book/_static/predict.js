// Guess, then move: an explorer is covered until its reader has guessed or skipped. The guess stays in this browser.
// The page is written covered, and this script stands before the first guess, so that nothing moves: the class says that
// there are scripts, and the page calls `predict` behind each figure. `parseNumber`, `store` and `dataOf` are those of
// question.js.
"use strict";

document.documentElement.classList.add("can-guess");

globalThis.predict = (() => {
  const PLACE = "lossbook:predict:";
  const memory = new Map(); // what holds where nothing may be stored
  const recall = (name) => memory.get(name) ?? store((storage) => storage.getItem(PLACE + name));

  function keep(name, guess) {
    memory.set(name, guess);
    store((storage) => storage.setItem(PLACE + name, guess));
  }

  function forget(name) {
    memory.delete(name);
    store((storage) => storage.removeItem(PLACE + name));
  }

  const paragraph = (text) => Object.assign(document.createElement("p"), { textContent: text });

  // [what is kept, or null; what is wrong with it]
  function read(form, data) {
    if (form.dataset.kind === "choice") {
      const chosen = form.querySelector("input:checked");
      return chosen ? [chosen.value] : [null, data.texts.empty];
    }
    const typed = form.querySelector("input, select").value;
    if (form.dataset.kind === "place") return [typed];
    const [, problem, piece] = parseNumber(typed);
    return problem ? [null, data.texts[problem].replace("{piece}", () => piece)] : [typed];
  }

  // The sentence that sets the guess beside the answer.
  function compared(form, data, guess) {
    if (form.dataset.kind === "choice") {
      return guess === data.answer ? `You guessed ${guess}, and so it is.` : `You guessed ${guess}; it is ${data.answer}.`;
    }
    if (form.dataset.kind === "place") {
      const [mine, found] = [data.values[guess], data.values[data.answer]];
      return `${data.label}: you guessed ${mine}; found ${found}.`;
    }
    const value = parseNumber(guess)[0];
    const unit = data.unit && ` ${data.unit}`;
    const written = (number) => String(+number.toPrecision(6)).replace("-", "−") + unit;
    const [mine, found, off] = [written(value), written(data.answer), value - data.answer];
    const far = mine === found ? "right" : `${written(Math.abs(off))} too ${off > 0 ? "high" : "low"}`;
    return `You guessed ${mine}; it is ${found}. Your guess is ${far}.`;
  }

  // Buttons that put the explorer's control where the reader guessed, and where it was found.
  function places(form, figure, data, guess) {
    const box = document.createElement("p");
    for (const [text, index] of [["Show your guess", guess], ["Show what was found", data.answer]]) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
      button.addEventListener("click", () => {
        const input = figure.querySelector(`.explorer-controls [name="${data.control}"]`);
        if (input.type === "checkbox") input.checked = +index === 1;
        else if (input.type === "range") input.value = index;
        else input.selectedIndex = index;
        input.dispatchEvent(new Event("input", { bubbles: true }));
      });
      box.append(button, " ");
    }
    return box;
  }

  function open(form, figure, guess) {
    const data = dataOf(form);
    const output = form.querySelector("output");
    if (guess === "skipped") output.replaceChildren(paragraph("Skipped: the figure is open."));
    else {
      const found = form.querySelector("template").content.cloneNode(true);
      output.replaceChildren(paragraph(compared(form, data, guess)), found);
      if (form.dataset.kind === "place") output.append(places(form, figure, data, guess));
    }
    delete figure.dataset.covered;
    form.dataset.open = "";
  }

  function cover(form, figure) {
    form.querySelector("output").replaceChildren(paragraph("Covered until you guess or skip: the figure below and what it shows."));
    figure.dataset.covered = "";
    delete form.dataset.open;
  }

  function fill(form, guess) {
    if (guess === "skipped") return;
    if (form.dataset.kind === "choice") form.querySelector(`input[value="${guess}"]`).checked = true;
    else form.querySelector("input, select").value = guess;
    follow(form);
  }

  function follow(form) {
    const slider = form.querySelector('input[type="range"]');
    if (!slider) return;
    const text = dataOf(form).values[slider.value];
    slider.setAttribute("aria-valuetext", text);
    form.querySelector(".predict-value").textContent = text;
  }

  // What was kept by an earlier edition of the page may fit no longer.
  function fits(form, guess) {
    if (guess === null || guess === "skipped") return guess !== null;
    if (form.dataset.kind === "choice") return Boolean(form.querySelector(`input[value="${CSS.escape(guess)}"]`));
    return form.dataset.kind === "place" ? guess in dataOf(form).values : !parseNumber(guess)[1];
  }

  function start(name) {
    const form = document.querySelector(`form[data-predict="${name}"]`);
    const figure = document.querySelector(`figure.explorer[data-explorer="${name}"]`);
    const again = form.querySelector('[data-do="again"]');
    const decide = (guess) => {
      keep(name, guess);
      open(form, figure, guess);
      again.focus({ preventScroll: true }); // the button that was pressed is gone
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if ("open" in form.dataset) return;
      const [guess, problem] = read(form, dataOf(form));
      if (problem) form.querySelector("output").replaceChildren(paragraph(problem));
      else decide(guess);
    });
    form.addEventListener("input", () => follow(form));
    form.querySelector(".predict-skip").addEventListener("click", () => decide("skipped"));
    again.addEventListener("click", () => {
      forget(name);
      form.reset();
      follow(form);
      cover(form, figure);
      form.querySelector("input, select").focus();
    });
    const guess = recall(name);
    if (!fits(form, guess)) return;
    fill(form, guess);
    open(form, figure, guess);
  }

  return start;
})();
