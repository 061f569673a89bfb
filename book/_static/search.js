// Search over the sections of the book, in the page: nothing is loaded before the first use, and no server is asked.
// The same words are cut in the same way when the index is built (Node) and when it is asked (browser).
"use strict";

// The word that the parts just before it make together says nothing new in a query.
const joinedWord = (word, at, all) => [2, 3, 4].some((n) => at >= n && all.slice(at - n, at).join("") === word);

const lossbookSearch = {
  // "Cross-entropy" is found by each of its words and by the word they make together; BCEWithLogitsLoss is one word.
  tokenize(text) {
    const found = [];
    for (const [word] of text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "")
      .matchAll(/[\p{L}\p{N}]+(?:[-–_.’'][\p{L}\p{N}]+)*/gu)) {
      const parts = word.split(/[-–_.’']/);
      found.push(...parts);
      if (parts.length > 1) found.push(parts.join(""));
    }
    return found;
  },
  options: { fields: ["title", "names", "page", "text"], storeFields: ["title", "page", "url", "text", "exact", "weight"] },
  ignored: new Set("a an and are as at be by do does for from how i if in is it my of on or the to what when which why with loss losses function".split(" ")),

  // MiniSearch's index as text, a third smaller than its JSON: of each term, in order, how many letters it shares with
  // the one before and the others; then by field where it stands, as steps in base 36, and how often if more than once.
  pack(index) {
    let last = "";
    const terms = [], places = [];
    for (const [term, fields] of [...index].sort(([one], [other]) => (one < other ? -1 : 1))) {
      let shared = 0;
      while (shared < 35 && shared < term.length && term[shared] === last[shared]) shared += 1;
      terms.push(shared.toString(36) + term.slice(shared));
      last = term;
      places.push(Object.entries(fields).map(([field, found]) => {
        let before = 0;
        return field + Object.entries(found).map(([id, times]) => {
          const step = (id - before).toString(36);
          before = +id;
          return times > 1 ? `${step}.${times.toString(36)}` : step;
        });
      }).join(";"));
    }
    return [terms.join(" "), places.join(" ")];
  },
  unpack([terms, places]) {
    const found = places.split(" ");
    let last = "";
    return terms.split(" ").map((term, at) => {
      last = last.slice(0, parseInt(term[0], 36)) + term.slice(1);
      return [last, Object.fromEntries(found[at].split(";").map((field) => {
        let id = 0;
        return [field[0], Object.fromEntries(field.slice(1).split(",").map((place) => {
          const [step, times = "1"] = place.split(".");
          id += parseInt(step, 36);
          return [id, parseInt(times, 36)];
        }))];
      }))];
    });
  },

  // The sections for a query, best first: all its words, or where no section has them, any.
  find(index, synonyms, query) {
    const words = [...new Set(this.tokenize(query).filter((word, at, all) => !joinedWord(word, at, all)))];
    const asked = words.filter((word) => !this.ignored.has(word));
    const queries = (asked.length ? asked : words).map((word) => ({
      combineWith: "OR",
      queries: [word, ...(synonyms[word] ?? [])].map((one) => one.includes(" ") ? { combineWith: "AND", queries: one.split(" ") } : one),
    }));
    const whole = query.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
    const settings = {
      boost: { names: 6, title: 5, page: 2 },
      prefix: (term) => term.length > 2,
      fuzzy: (term) => (term.length > 4 && !/\d/.test(term) ? 0.2 : false),
      boostDocument: (id, term, section) => section.weight * (section.exact.includes(whole) ? 20 : 1),
    };
    const all = index.search({ combineWith: "AND", queries }, settings);
    return all.length ? all : index.search({ combineWith: "OR", queries }, settings);
  },
};

if (typeof module === "object") module.exports = lossbookSearch;
else {
  const root = document.documentElement.dataset.content_root || "./";
  const here = document.currentScript.src.replace(/[^/]*$/, "");

  const script = (name) => new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement("script"), { src: here + name, onload: done, onerror: failed }));
  });
  let loading;
  const load = () => (loading ??= Promise.all([script("minisearch.js"), script("search-index.js")]).then(() => {
    const { index, synonyms } = window.lossbookIndex;
    const mini = MiniSearch.loadJS({ ...index, index: lossbookSearch.unpack(index.index) }, { ...lossbookSearch.options, tokenize: lossbookSearch.tokenize, processTerm: (term) => term });
    return (query) => lossbookSearch.find(mini, synonyms, query);
  }));

  // The words around the first hit, with the hits marked.
  function excerpt(result) {
    const hits = new RegExp(`(?<![\\p{L}\\p{N}])(${result.terms.map((term) => term.replace(/[^\p{L}\p{N}]/gu, "")).filter(Boolean).sort((a, b) => b.length - a.length).join("|")})`, "giu");
    const first = Math.max(result.text.search(hits), 0);
    let from = first < 60 ? 0 : result.text.indexOf(" ", first - 60) + 1;
    let to = from + 150 < result.text.length ? result.text.lastIndexOf(" ", from + 150) : result.text.length;
    if (to <= from) to = from + 150;
    const words = document.createElement("span");
    words.className = "search-words";
    if (from) words.append("… ");
    result.text.slice(from, to).split(hits).forEach((piece, at) => {
      words.append(at % 2 ? Object.assign(document.createElement("mark"), { textContent: piece }) : piece);
    });
    if (to < result.text.length) words.append(" …");
    return words;
  }

  function entry(result) {
    const link = Object.assign(document.createElement("a"), { href: root + result.url });
    const title = Object.assign(document.createElement("span"), { className: "search-title", textContent: result.title });
    const page = Object.assign(document.createElement("span"), { className: "search-page", textContent: result.page });
    link.append(title, result.page === result.title ? "" : page, excerpt(result));
    return link;
  }

  const counted = (results) => results.length === 0 ? "Nothing found." : results.length === 1 ? "1 section" : `${results.length} sections`;

  // A combobox: the list opens below the field, the arrows choose, Enter follows, Escape closes.
  function combobox(field, place, id) {
    const list = Object.assign(document.createElement("ul"), { id, className: "search-list", role: "listbox", hidden: true });
    const status = Object.assign(document.createElement("output"), { className: "search-status" });
    list.setAttribute("aria-label", "Sections found");
    place.append(status, list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "false" })) field.setAttribute(name, value);
    let chosen = -1, asked = "";

    function choose(at) {
      chosen = at;
      [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
      if (at < 0) return field.removeAttribute("aria-activedescendant");
      field.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
    function show(results) {
      list.replaceChildren(...results.slice(0, 8).map((result, at) => {
        const item = Object.assign(document.createElement("li"), { role: "option", id: `${id}-${at}` });
        const link = entry(result);
        link.tabIndex = -1;
        item.append(link);
        return item;
      }));
      list.hidden = !results.length;
      field.setAttribute("aria-expanded", String(results.length > 0));
      choose(-1);
    }
    field.addEventListener("focus", load);
    field.addEventListener("input", async () => {
      const query = (asked = field.value.trim());
      if (!query) return show([]), void (status.textContent = "");
      const results = (await load())(query);
      if (asked !== query) return;
      show(results);
      status.textContent = counted(results);
    });
    field.addEventListener("keydown", (event) => {
      const count = list.children.length;
      if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
        event.preventDefault();
        choose((chosen + (event.key === "ArrowDown" ? 1 : chosen < 0 ? 0 : -1) + count) % count);
      } else if (event.key === "Enter" && chosen >= 0) {
        event.preventDefault();
        list.children[chosen].querySelector("a").click();
      }
    });
    list.addEventListener("click", () => document.getElementById("pst-search-dialog")?.close());
  }

  // The page of results: the same sections, all of them, as an ordinary list of links.
  async function results(place) {
    const field = place.querySelector("input");
    const status = place.querySelector("output");
    const list = place.querySelector("ol");
    async function ask() {
      const query = field.value.trim();
      if (!query) return;
      status.textContent = "Searching";
      const found = (await load())(query);
      status.textContent = counted(found);
      list.replaceChildren(...found.slice(0, 50).map((result) => {
        const item = document.createElement("li");
        item.append(entry(result));
        return item;
      }));
    }
    field.value = new URLSearchParams(location.search).get("q") ?? "";
    field.addEventListener("input", ask);
    place.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
    await ask();
  }

  const dialog = document.getElementById("pst-search-dialog");
  if (dialog) combobox(dialog.querySelector("input"), dialog, "search-list");
  const front = document.querySelector(".find-a-loss form"); // the first page has it in sight
  if (front) combobox(front.querySelector("input"), front, "find-list");
  const page = document.querySelector(".search-results");
  if (page) results(page);
}
