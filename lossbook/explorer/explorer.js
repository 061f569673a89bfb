// Plays an explorer, on a page and in a notebook. It shows what Python drew and computes nothing but indices:
// `table` holds the markup of every state; without one (in a notebook, where there are too many states) the model does.
const lossbook = (() => {
  // The beginning of the ids in a picture. On a page the first figure of a name keeps those that Python gave it; every
  // other view has its own, also where a notebook loads this script once for each widget.
  function claim(figure, first) {
    const prefix = figure.dataset.explorer + "::";
    if (first) return prefix;
    const mine = prefix + (window.lossbook_views = (window.lossbook_views ?? 0) + 1) + ":";
    const picture = figure.querySelector(".explorer-picture");
    picture.innerHTML = picture.innerHTML.replaceAll(prefix, mine);
    return mine;
  }

  // The entry of one column of the table in a state; a number stands for the entry of that number.
  function entry(column, list, sizes, state) {
    const at = column.on.reduce((sum, name) => sum * sizes[name] + state[name], 0);
    return typeof list[at] === "number" ? list[list[at]] : list[at];
  }
  const markup = (column, sizes, state) => column.head + entry(column, column.body, sizes, state) + column.tail;

  // anywidget's contract: `model` holds one value per control (on a page: its index), `el` is where to draw.
  function render({ model, el, ids }) {
    const live = !el.matches("figure.explorer");
    if (live) el.innerHTML = model.get("_html");
    const figure = live ? el.querySelector("figure.explorer") : el;
    const picture = figure.querySelector(".explorer-picture");
    const fields = figure.querySelector(".explorer-controls");
    const output = figure.querySelector(".explorer-readout");
    const [spoken, link] = [figure.querySelector(".explorer-spoken"), figure.querySelector(".explorer-link")];
    const prefix = figure.dataset.explorer + "::";
    const mine = ids ?? claim(figure, false);
    const own = (text) => text.replaceAll(prefix, mine);
    if (!fields) return;
    output.id = mine + "readout";
    picture.setAttribute("aria-describedby", output.id); // its label describes the start only
    const inputs = Object.fromEntries([...fields.querySelectorAll("[name]")].map((input) => [input.name, input]));
    const names = Object.keys(inputs);
    const count = (input) => (input.type === "range" ? +input.max + 1 : (input.options?.length ?? 2));
    const sizes = Object.fromEntries(names.map((name) => [name, count(inputs[name])]));
    const values = (name) => model.get("_values")?.[name] ?? [...Array(sizes[name]).keys()];
    const state = () => Object.fromEntries(names.map((name) => [name, values(name).indexOf(model.get(name))]));
    const starts = Object.fromEntries(names.map((name) => [name, +inputs[name].dataset.start]));
    const shown = {};

    function draw(now = state()) {
      const [table, texts] = [model.get("_table"), model.get("_texts")];
      for (const name of names) showInput(inputs[name], now[name], texts?.[name]);
      const drawn = {};
      if (table) for (const key in table.artists) drawn[key] = markup(table.artists[key], sizes, now);
      else for (const key of model.get("_units") ?? []) drawn[key] = model.get("_unit_" + key);
      for (const key in drawn) {
        if (drawn[key] === shown[key] || drawn[key] == null) continue;
        const group = picture.querySelector(`[id="${mine}${key}"]`);
        if (group) group.innerHTML = own(drawn[key]);
        shown[key] = drawn[key];
      }
      const sentence = table ? markup(table.readout, sizes, now) : model.get("_readout");
      if (sentence != null && output.textContent !== sentence) {
        output.textContent = sentence;
        speak();
      }
      if (goal) showGoal(table ? entry(table.goal, table.goal.body, sizes, now) : model.get("_met"));
      showError(lost || model.get("_error"));
    }

    // A challenge that was met stays reached; beside it stands whether this state meets it. Paper says nothing of it.
    const goal = figure.querySelector(".explorer-met");
    let reached = false;
    function showGoal(met) {
      reached ||= met;
      const text = met ? "✓ Reached: this state meets the goal." : reached ? "✓ Reached before; this state does not meet it." : "Not reached yet.";
      if (goal.textContent !== text) goal.textContent = text;
      goal.parentElement.classList.toggle("explorer-reached", reached);
    }

    // A screen reader hears where the controls come to rest, not every step on the way.
    let resting = 0;
    function speak() {
      clearTimeout(resting);
      if (players.some((player) => player.plays())) return;
      resting = setTimeout(() => {
        if (spoken.textContent !== output.textContent) spoken.textContent = output.textContent;
      }, 300);
    }

    function showInput(input, index, texts) {
      if (input.type === "checkbox") input.checked = index === 1;
      else if (input.type !== "range") input.selectedIndex = index;
      else {
        input.value = index;
        if (!texts) return;
        const text = `${texts[index]} ${input.dataset.unit}`.trim();
        input.setAttribute("aria-valuetext", text);
        input.closest(".explorer-control").querySelector(".explorer-value").textContent = text;
      }
    }

    // Jupyter says so when the kernel is restarted, and the new one knows nothing of this figure.
    let lost = "";
    const lose = () => showError((lost = "The kernel that made this figure is gone: run the cell again."));

    function showError(text) {
      figure.querySelector(".explorer-error")?.remove();
      if (!text) return;
      output.insertAdjacentHTML("afterend", '<pre class="explorer-error" role="alert"></pre>');
      output.nextElementSibling.textContent = text;
    }

    function move(changes) {
      for (const name in changes) model.set(name, values(name)[changes[name]]);
      if (!live) model.set("_error", ""); // what a link asked for is over
      model.save_changes();
    }

    // Inputs. JupyterLab must not take the arrow keys for itself.
    fields.addEventListener("input", ({ target }) => {
      move({ [target.name]: { checkbox: +target.checked, range: +target.value }[target.type] ?? target.selectedIndex });
    });
    fields.addEventListener("keydown", (event) => event.stopPropagation());
    fields.querySelector(".explorer-reset").addEventListener("click", () => {
      players.forEach((player) => player.stop());
      move(starts);
    });

    // Play: a button that moves its slider to the end, and starts it again from there.
    const players = [...fields.querySelectorAll(".explorer-play")].map((button) => {
      const name = button.dataset.plays;
      const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      const interval = calm ? Math.max(500, button.dataset.interval) : +button.dataset.interval;
      let timer = 0;
      const stop = () => {
        timer = clearInterval(timer);
        button.textContent = "Play";
        speak();
      };
      const step = () => {
        const next = state()[name] + 1;
        if (next < sizes[name]) move({ [name]: next });
        if (next >= sizes[name] - 1 || !figure.isConnected) stop();
      };
      button.addEventListener("click", () => {
        if (timer) return stop();
        if (state()[name] === sizes[name] - 1) move({ [name]: 0 });
        button.textContent = "Pause";
        timer = setInterval(step, interval);
      });
      return { stop, plays: () => timer };
    });

    // Handles: the state whose marker stands nearest to the pointer. Python says where it stands in each.
    function drag(handle, number, event) {
      const point = new DOMPoint(event.clientX, event.clientY);
      const at = point.matrixTransform(dragged.svg.getScreenCTM().inverse());
      if (!handle.at) return model.send({ handle: number, at: [at.x, at.y] });
      const [now, distances] = [state(), []];
      const [first, second] = handle.controls;
      for (let i = 0; i < sizes[first]; i++)
        for (let j = 0; j < (second ? sizes[second] : 1); j++) {
          const trial = { [first]: i, ...(second && { [second]: j }) };
          const [x, y] = entry(handle, handle.at, sizes, { ...now, ...trial });
          distances.push([(x - at.x) ** 2 + (y - at.y) ** 2, trial]);
        }
      move(distances.reduce((best, next) => (next[0] < best[0] ? next : best))[1]);
    }
    let dragged = null;
    const handles = () => model.get("_table")?.handles ?? (model.get("_handles") ?? []);
    picture.addEventListener("pointerdown", (event) => {
      const id = event.target.closest(".explorer-handle")?.id;
      const number = handles().findIndex((handle) => mine + handle.artist === id);
      if (number < 0) return;
      dragged = { number, svg: event.target.closest("svg"), pointer: event.pointerId };
      picture.setPointerCapture(event.pointerId);
      picture.classList.add("explorer-dragging");
      event.preventDefault();
    });
    picture.addEventListener("pointermove", (event) => {
      if (dragged?.pointer === event.pointerId) drag(handles()[dragged.number], dragged.number, event);
    });
    for (const end of ["pointerup", "pointercancel"])
      picture.addEventListener(end, (event) => {
        if (dragged?.pointer !== event.pointerId) return;
        dragged = null;
        picture.classList.remove("explorer-dragging");
      });

    // A link to where the controls stand now. Where it may not be copied, it can be taken from the address.
    link?.addEventListener("click", async ({ target }) => {
      const query = names.map((name) => `${name}=${encodeURIComponent(plain(model.get("_texts")[name][state()[name]]))}`);
      history.replaceState(null, "", `#${figure.dataset.explorer}?${query.join("&")}`);
      const copied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
      target.nextElementSibling.textContent = copied ? "Copied." : "It is in the address bar now.";
    });

    const watched = [...names, "_readout", "_met", "_error", ...(model.get("_units") ?? []).map((key) => "_unit_" + key)];
    const events = watched.map((name) => "change:" + name);
    let due = false; // several changes of one message are one drawing
    const soon = () => {
      if (!due) queueMicrotask(() => ((due = false), draw()));
      due = true;
    };
    for (const event of events) model.on(event, live ? soon : draw);
    if (live) model.on("comm_live_update", lose);
    else {
      window.addEventListener("beforeprint", () => draw(starts)); // paper shows what the caption and the text mean
      for (const event of ["afterprint", "pageshow"]) // a browser that comes back puts old values into the inputs
        window.addEventListener(event, () => draw());
    }
    for (const one of link ? [fields, link] : [fields]) one.disabled = false;
    draw();
    figure.dataset.ready = "";
    return () => {
      model.off("comm_live_update", lose);
      players.forEach((player) => player.stop());
      clearTimeout(resting);
      for (const event of events) model.off(event, live ? soon : draw);
    };
  }

  // On a page a plain object stands in for the notebook's model: the state is one index per control.
  function standIn(figure) {
    const [data, listeners] = [{}, {}];
    for (const input of figure.querySelectorAll(".explorer-controls [name]"))
      data[input.name] = { checkbox: +input.checked, range: +input.value }[input.type] ?? input.selectedIndex;
    let changed = [];
    return {
      get: (name) => data[name],
      set: (name, value) => ((data[name] = value), changed.push(name)),
      save_changes: () => (listeners["change:" + changed[0]]?.forEach((listener) => listener()), (changed = [])),
      on: (event, listener) => (listeners[event] ??= []).push(listener),
    };
  }

  // A link to a state names a figure and its controls' values as they show them: #huber-profile?delta=2
  const plain = (text) => text.replaceAll("−", "-").trim();
  const same = (text, value) => text === value || (value !== "" && Number(text) === Number(value));
  function asked(figure) {
    const [name, query] = location.hash.slice(1).split("?");
    return name === figure.dataset.explorer && query != null ? [...new URLSearchParams(query)] : null;
  }
  function follow(figure, model) {
    const [wanted, texts] = [asked(figure), model.get("_texts")];
    const wrong = wanted?.flatMap(([name, value]) => {
      if (!Object.hasOwn(texts, name)) return `${name}, but the controls are ${Object.keys(texts).join(", ")}`;
      const index = texts[name].findIndex((text) => same(plain(text), plain(value)));
      if (index < 0) return `${name} = ${value}, but it can be ${texts[name].join(", ")}`;
      return model.set(name, index), [];
    });
    if (!wrong) return;
    model.set("_error", wrong.length ? `The link asks for ${wrong.join("; and for ")}.` : "");
    model.save_changes();
    for (let one = figure; (one = one.parentElement?.closest("details")); ) one.open = true;
    history.scrollRestoration = "manual"; // the link says where to look
    figure.scrollIntoView({ block: "center", behavior: "instant" });
  }

  const waiting = {};
  const names = new Set();
  function start(figure) {
    const ids = claim(figure, !names.has(figure.dataset.explorer));
    names.add(figure.dataset.explorer);
    if (!figure.querySelector(".explorer-controls")) return;
    const model = standIn(figure);
    const receive = ({ texts, ...table }) => {
      model.set("_texts", texts);
      model.set("_table", table);
      model.save_changes(); // nobody listens yet; without it the reader's first move would not be heard
      render({ model, el: figure, ids });
      follow(figure, model);
      window.addEventListener("hashchange", () => follow(figure, model));
    };
    const inline = figure.querySelector(":scope > script.explorer-table");
    if (inline) return receive(JSON.parse(inline.textContent));
    const url = figure.dataset.table;
    if (!url) return;
    (waiting[url.split("/").pop().replace(/\.js$/, "")] ??= []).push(receive);
    const load = () => {
      near.disconnect();
      stops.abort();
      document.head.append(Object.assign(document.createElement("script"), { src: url }));
    };
    const close = (entries) => entries.some((one) => one.isIntersecting) && load();
    const near = new IntersectionObserver(close, { rootMargin: "600px" });
    near.observe(figure);
    const [stops, wanted] = [new AbortController(), () => asked(figure) && load()];
    const until = { signal: stops.signal };
    document.addEventListener("keydown", load, until); // Tab goes further than the eye, but not to disabled inputs
    window.addEventListener("hashchange", wanted, until);
    wanted();
  }

  if (document.currentScript) {
    window.lossbook_table = (key, table) => waiting[key]?.splice(0).forEach((receive) => receive(table));
    const all = () => document.querySelectorAll("figure.explorer[data-explorer]").forEach(start);
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
    else all();
  }
  return { render };
})();
