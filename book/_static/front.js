// The first page: how far its reader has come, and what the chapters on the map build on. What is kept is kept by
// question.js and predict.js, in this browser; it is read here and never written.
"use strict";

{
  const QUESTION = "lossbook:question:", GUESS = "lossbook:predict:";
  const box = document.querySelector(".front-begin");
  const { root, figures, chapters } = JSON.parse(box.querySelector("script").textContent);

  function kept(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

  function look() {
    let furthest = -1, done = 0, total = 0;
    chapters.forEach((chapter, at) => {
      const noted = chapter.questions.map((id) => kept(QUESTION + id));
      chapter.right = noted.filter((one) => one === "right").length;
      chapter.open = chapter.questions[noted.findIndex((one) => one !== "right")];
      if (noted.some(Boolean) || chapter.guesses.some((name) => kept(GUESS + name))) furthest = at;
      done += chapter.right;
      total += chapter.questions.length;
    });
    for (const { name, right, questions } of chapters) {
      const all = questions.length;
      const amount = document.querySelector(`[data-amount="${name}"]`);
      if (amount) amount.textContent = right ? `${right} of ${count(all, "question")} done` : count(all, "question");
      const link = document.querySelector(`.map-boxes [data-chapter="${name}"]`);
      link?.style.setProperty("--done", all ? right / all : 0);
      link?.classList.toggle("map-done", all > 0 && right === all);
    }
    const go = box.querySelector(".front-go"), said = box.querySelector(".front-done span");
    box.querySelector(".front-bar").style.setProperty("--done", total ? done / total : 0);
    const rest = [...chapters.slice(Math.max(furthest, 0)), ...chapters].find((chapter) => chapter.open);
    const next = rest ?? chapters[0];
    const begun = furthest >= 0 && rest === chapters[furthest];
    go.href = root + next.page + ".html" + (begun && next.right ? `#question-${next.open}` : "");
    const word = !rest ? "Read again" : furthest < 0 ? "Begin" : begun ? "Go on" : "Next";
    go.firstElementChild.textContent = `${word}: ${next.number} ${next.short}`;
    said.textContent = furthest < 0 ? `${count(chapters.length, "chapter")}, ${count(figures, "figure")}, ${count(total, "question")}` : `${done} of ${count(total, "question")} done`;
  }

  look();
  addEventListener("pageshow", look); // a browser that comes back shows the page as it was
  addEventListener("storage", look); // answered in another window

  // What a chapter builds on, near and far, stands out while it is pointed at.
  const map = document.querySelector(".course-map");
  const boxes = new Map([...(map?.querySelectorAll("[data-chapter]") ?? [])].map((one) => [one.dataset.chapter, one]));
  function show(chapter) {
    const chosen = new Set();
    const add = (name) => {
      if (!boxes.has(name) || chosen.has(name)) return;
      chosen.add(name);
      boxes.get(name).dataset.needs.split(" ").forEach(add);
    };
    if (chapter) add(chapter);
    map.classList.toggle("map-chosen", chosen.size > 0);
    boxes.forEach((one, name) => one.classList.toggle("map-on", chosen.has(name)));
    for (const line of map.querySelectorAll("path")) {
      line.classList.toggle("map-on", chosen.has(line.dataset.from) && chosen.has(line.dataset.to));
    }
  }
  for (const [on, off] of [["pointerover", "pointerleave"], ["focusin", "focusout"]]) {
    map?.addEventListener(on, (event) => show(event.target.closest?.("[data-chapter]")?.dataset.chapter));
    map?.addEventListener(off, () => show());
  }
}
