// "Your own loss": what is typed is drawn into the pictures that Matplotlib made when the book was built. Python in the
// page computes every number and every coordinate; here they are put where they belong. See `lossbook.page.own_loss`.
"use strict";

const LINK = "#loss=";
const FROM_A_LINK = "This definition came with the link. Nothing of it has run yet: read it, then press Draw.";
const LINKED = "The address of this page now carries your definition: whoever opens it finds it in the field.";

class OwnLoss {
  constructor(box) {
    this.box = box;
    const { places, grids, points, examples, texts } = JSON.parse(box.querySelector("script").textContent);
    Object.assign(this, { examples, texts, points, figures: {} });
    this.state = { places, grids, points, controls: {}, typed: "" };
    this.waiting = []; // moves that Python is asked about when it has answered the ones before
    this.busy = false;
    for (const template of box.querySelectorAll("template")) {
      const name = template.dataset.live;
      const inputs = [...template.content.querySelectorAll(".explorer-controls [name]")];
      this.state.controls[name] = Object.fromEntries(inputs.map((input) => [input.name, +input.dataset.start]));
    }
    this.open();
  }

  open() {
    const box = this.box;
    this.output = made("output", "", { className: "code-output", ariaLabel: "What Python says" });
    const tell = (text) => this.tell(text);
    this.entry = fieldFor(box, {
      id: "own-loss",
      starter: Object.values(this.examples)[0],
      label: "Your loss, a function of the residual e = y − ŷ. NumPy is there as np.",
      verb: "Draw",
      title: "your own loss",
      tell,
      run: async (typed) => {
        const found = await this.ask({ ...this.state, typed });
        if (found) this.show(found, typed);
        return found;
      },
    });
    const { field, buttons } = this.entry;
    const choice = made("select", [made("option", "…", { value: "" })], { id: "own-loss-example" });
    choice.append(...Object.keys(this.examples).map((title) => made("option", title, { value: title })));
    const label = made("label", ["Start from ", choice], { className: "own-loss-example" });
    box.querySelector("label").before(label);
    choice.addEventListener("change", () => {
      if (!choice.value) return;
      const title = choice.value;
      this.entry.field.value = this.examples[title];
      this.entry.field.dispatchEvent(new Event("input"));
      choice.value = title;
      if (python.loaded) this.entry.press();
    });
    field.addEventListener("input", () => (choice.value = ""));
    const link = made("button", "Link to it", { type: "button", ariaLabel: "Put your definition into the address of this page" });
    link.addEventListener("click", () => this.link());
    buttons.querySelector("progress").before(link);
    box.append(this.output);
    addEventListener("hashchange", () => this.follow());
    this.follow();
  }

  // A link fills the field and runs nothing: it may come from anybody.
  follow() {
    if (!location.hash.startsWith(LINK)) return;
    try {
      this.entry.field.value = decodeURIComponent(location.hash.slice(LINK.length));
    } catch {
      history.replaceState(null, "", location.pathname); // the theme cannot read it either
      return this.tell("The link to this page carries a definition that cannot be read.");
    }
    this.tell(FROM_A_LINK);
    this.box.scrollIntoView();
  }

  link() {
    const hash = LINK + encodeURIComponent(this.entry.field.value).replace(/[()'*!~]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
    history.replaceState(null, "", hash);
    navigator.clipboard?.writeText(location.href).catch(() => {});
    this.tell(`${LINKED}${navigator.clipboard ? " It has been copied." : " Copy it from the address bar."}`);
  }

  tell(text) {
    this.output.replaceChildren(...(text ? [made("p", inline(text))] : []));
  }

  // What Python says; an error is shown here and nothing moves.
  async ask(state) {
    const found = await python.ask("look", [JSON.stringify(state)]);
    if (found?.error) this.tell(found.error);
    if (found?.trace) this.output.replaceChildren(made("pre", found.trace, { tabIndex: 0, className: "code-error" }));
    return found;
  }

  show(found, typed) {
    if (!found.units) return;
    this.state.typed = typed;
    this.take(found);
    this.tell("Drawn below.");
  }

  take({ controls, points, units, readouts }) {
    this.state.points = points;
    if (!this.waiting.length) this.state.controls = controls; // else the controls are further already
    for (const name in units) {
      this.figures[name] ??= new LiveFigure(this, name);
      this.figures[name].show(units[name], readouts[name]);
    }
  }

  // A slider or a marker was moved. Of several moves of one while Python is at work the last one counts.
  async move(change) {
    change.controls = structuredClone(this.state.controls);
    if (this.waiting.at(-1)?.what === change.what) this.waiting.pop();
    this.waiting.push(change);
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.waiting.length) {
        const found = await this.ask({ ...this.state, ...this.waiting.shift() });
        if (found?.units) this.take(found);
      }
    } catch (problem) {
      this.waiting = [];
      this.tell(problem.message);
    }
    this.busy = false;
  }
}

// One picture in the place of that of the worked examples. For its player (`explorer.js`) this is the model, as a
// widget is in a notebook: it holds the controls, the units of the picture and the sentence.
class LiveFigure {
  #listeners = [];
  #units = {};

  constructor(own, name) {
    Object.assign(this, { own, name, readout: "", moved: [] });
    const template = own.box.querySelector(`template[data-live="${name}"]`);
    const figure = template.content.firstElementChild.cloneNode(true);
    document.querySelector(`figure.explorer[data-explorer="${name}"]`).replaceWith(figure);
    const places = own.state.places[name];
    this.keys = Object.values(places).map((place) => place.key);
    const handles = [...figure.querySelectorAll(".explorer-handle")].map((one) => one.id.split("::")[1]);
    const order = Object.values(places).map((place) => place.key).filter((key) => handles.includes(key));
    this.handles = order.map((artist) => ({ artist, controls: [] }));
    lossbook.render({ model: this, el: figure });
    reachable(); // of `lossbook.js`: by keyboard, where it scrolls
  }

  get(name) {
    if (name === "_units") return this.keys;
    if (name === "_readout") return this.readout;
    if (name === "_handles") return this.handles;
    if (name.startsWith("_unit_")) return this.#units[name.slice(6)];
    if (name === "_texts") return this.own.texts[this.name];
    return this.own.state.controls[this.name][name];
  }

  set(name, value) {
    this.own.state.controls[this.name][name] = value;
    this.moved.push(name);
  }

  save_changes() {
    const [moved, ...more] = this.moved.splice(0);
    if (more.length) this.own.state.points = this.own.points; // all at once: back to the start
    this.#tell();
    this.own.move({ what: moved, moved });
  }

  send({ handle, at }) {
    this.own.move({ what: `${this.name} ${handle}`, drag: { figure: this.name, handle, at } });
  }

  on(event, listener) {
    if (event === "change:_readout") this.#listeners.push(listener);
  }

  show(units, readout) {
    this.#units = units;
    this.readout = readout;
    this.#tell();
  }

  #tell() {
    this.#listeners.forEach((listener) => listener());
  }
}

document.querySelectorAll(".own-loss").forEach((box) => new OwnLoss(box));
