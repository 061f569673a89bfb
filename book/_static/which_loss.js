// Which loss? One question at a time, from the questions that stand in the page. The answers stand in the address
// (#path=number.real.one), to be passed on; the browser's own way back works.
"use strict";

const guide = document.getElementById("which");
const ask = guide.querySelector(".which-ask");
const all = guide.querySelector(".which-all");
const PATH = "#path=";

const element = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

// The answers of an address, each as the line of the page that opens, as far as they exist.
function answersOf(hash) {
  const found = [];
  let question = all.firstElementChild;
  for (const key of hash.startsWith(PATH) ? decodeURIComponent(hash.slice(PATH.length)).split(".") : []) {
    const answer = question && [...question.querySelectorAll(":scope > ul > li > details")].find((one) => one.dataset.answer === key);
    if (!answer) break;
    found.push(answer);
    question = answer.querySelector(":scope > .which-question");
  }
  return found;
}

const addressOf = (answers) => (answers.length ? PATH + answers.map((one) => one.dataset.answer).join(".") : "");
const textOf = (answer) => answer.querySelector("summary").textContent;

function go(answers) {
  history.pushState(null, "", addressOf(answers) || location.pathname + location.search);
  show(answers);
  ask.querySelector("h2").focus();
}

const button = (text, answers, properties) =>
  element("button", { type: "button", textContent: text, onclick: () => go(answers), ...properties });

function show(answers) {
  const last = answers.at(-1);
  const question = last ? last.querySelector(":scope > .which-question") : all.firstElementChild;
  const heading = element("h2", { tabIndex: -1, textContent: question ? question.querySelector("p").textContent : "Take" });
  const parts = [];
  if (answers.length) {
    const said = answers.map((one, at) => {
      const back = button(textOf(one), answers.slice(0, at), { title: "Answer this again" });
      return element("li", {}, back);
    });
    parts.push(element("nav", { ariaLabel: "Your answers" }, element("ol", {}, ...said)));
  }
  parts.push(heading);
  if (question) {
    const lines = [...question.querySelectorAll(":scope > ul > li > details")];
    parts.push(element("ul", { className: "which-answers" }, ...lines.map((one) => element("li", {}, button(textOf(one), [...answers, one])))));
  } else {
    parts.push(last.querySelector(":scope > .which-end").cloneNode(true));
  }
  const ways = element("p", { className: "which-ways" });
  if (answers.length) ways.append(button("Back", answers.slice(0, -1)), button("Start again", []));
  const whole = element("button", { type: "button", textContent: all.classList.contains("shown") ? "Hide all paths" : "Show all paths" });
  whole.setAttribute("aria-expanded", all.classList.contains("shown"));
  whole.onclick = () => {
    const open = all.classList.toggle("shown");
    whole.textContent = open ? "Hide all paths" : "Show all paths";
    whole.setAttribute("aria-expanded", open);
  };
  ways.append(whole);
  ask.replaceChildren(...parts, ways);
}

const recall = () => show(answersOf(location.hash));
addEventListener("popstate", recall); // a changed address, too
recall();
