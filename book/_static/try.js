// "Try it here": a field under a code exercise, in which its answer is judged. See `page_python.js`.
"use strict";

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

function open(form, box) {
  const answer = fieldFor(box, {
    id: form.dataset.question,
    starter: form.querySelector("fieldset > [class*='highlight'] pre").textContent.trimEnd() + "\n",
    label: "Your function",
    verb: "Check",
    title: form.querySelector(".question-title").textContent,
    tell: (text) => tell(form, text),
    run: async (typed) => {
      const card = await python.ask("judge", [form.dataset.question, typed]);
      if (card) show(form, card);
      return card;
    },
  });
  answer.field.rows = Math.max(8, answer.field.rows + 2);
  form.addEventListener("reset", answer.forget);
}

for (const box of document.querySelectorAll(".question-try")) {
  const form = box.closest("form");
  box.addEventListener("toggle", () => open(form, box), { once: true });
}
