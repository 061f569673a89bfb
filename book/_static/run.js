// "Run and change": a field under a code cell, in which it runs as it stands or as its reader changes it.
"use strict";

function openCell(box, number) {
  const output = made("output", "", { className: "code-output", ariaLabel: "Output" });
  const starter = JSON.parse(box.querySelector("script").textContent) + "\n";
  const tell = (text) => output.replaceChildren(...(text ? [made("p", inline(text))] : []));
  const cell = fieldFor(box, {
    id: `cell-${box.dataset.cell}`,
    starter,
    label: "Your code",
    verb: "Run",
    title: `cell ${number}`,
    tell,
    run: async (typed) => {
      const printed = made("pre", "", { tabIndex: 0 });
      const hear = (text) => {
        if (!printed.isConnected) output.replaceChildren(printed);
        printed.append(text);
      };
      const end = await python.ask("run", [typed], hear);
      if (!printed.textContent) tell(end && !end.error ? "It printed nothing." : "");
      if (end?.error) output.append(made("pre", end.error, { tabIndex: 0, className: "code-error" }));
      if (!end && printed.textContent) output.append(made("p", "Stopped."));
      return end || printed.textContent;
    },
  });
  const back = made("button", "As it was", { type: "button", ariaLabel: `Put back what stood in cell ${number}` });
  back.addEventListener("click", () => {
    cell.field.value = starter;
    cell.forget();
    tell("");
  });
  cell.buttons.querySelector("progress").before(back);
  box.append(output);
}

document.querySelectorAll(".run-cell").forEach((box, index) => {
  box.addEventListener("toggle", () => openCell(box, index + 1), { once: true });
});
