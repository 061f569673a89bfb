// Python in a page: Pyodide, NumPy and `lossbook`, all from this site. It runs here so that the page can end it.
"use strict";

const FOLDER = new URL("python/", self.location.href);
const TYPES = { wasm: "application/wasm", js: "text/javascript", json: "application/json" };
const plainFetch = self.fetch.bind(self);

// The parts by name. A server packs none of them on its way, so what can be packed has been; the browser unpacks it.
async function load() {
  const listed = await (await plainFetch(new URL("parts.json", FOLDER), { cache: "no-cache" })).json();
  let loaded = 0;
  const one = async ([name, { file, packed }]) => {
    // A file's name tells its version: what the browser has of that name is right.
    const answer = await plainFetch(new URL(file, FOLDER), { cache: "force-cache" });
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    const counted = new TransformStream({
      transform(chunk, controller) {
        loaded += chunk.length;
        postMessage({ loaded, total: listed.total });
        controller.enqueue(chunk);
      },
    });
    const stream = answer.body.pipeThrough(counted);
    const whole = packed ? stream.pipeThrough(new DecompressionStream("gzip")) : stream;
    return [name, await new Response(whole).arrayBuffer()];
  };
  return [listed, new Map(await Promise.all(Object.entries(listed.files).map(one)))];
}

function run(script) {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  importScripts(address);
  URL.revokeObjectURL(address);
}

async function start() {
  const [listed, parts] = await load();
  self.fetch = (asked, options) => {
    const name = String(asked.url ?? asked).split("/").pop();
    if (!parts.has(name)) return plainFetch(asked, options);
    const headers = { "Content-Type": TYPES[name.split(".").pop()] ?? "application/octet-stream" };
    return Promise.resolve(new Response(parts.get(name), { headers }));
  };
  for (const name of ["pyodide.js", "pyodide.asm.js"]) run(parts.get(name));
  const nothing = () => {};
  const pyodide = await loadPyodide({
    indexURL: FOLDER.href,
    packageBaseUrl: FOLDER.href,
    lockFileContents: new TextDecoder().decode(parts.get("pyodide-lock.json")),
    stdout: nothing,
    stderr: nothing,
  });
  await pyodide.loadPackage("numpy", { messageCallback: nothing });
  pyodide.unpackArchive(parts.get("lossbook.zip"), "zip", { extractDir: "/home/pyodide" });
  self.fetch = plainFetch;
  parts.clear();
  return pyodide.pyimport("lossbook.page").call;
}

const started = start();
started.then(
  () => postMessage({ ready: true }),
  (problem) => postMessage({ absent: String(problem) }),
);

addEventListener("message", async ({ data: { call, given } }) => {
  const ask = await started;
  try {
    const answer = ask(call, ...given, (text) => postMessage({ said: JSON.parse(text) }));
    postMessage({ answer: JSON.parse(answer) });
  } catch (problem) {
    postMessage({ failed: String(problem) });
  }
});
