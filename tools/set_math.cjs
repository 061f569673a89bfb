// Sets mathematics: reads one JSON [TeX, display?] a line from stdin, answers with one JSON {mathml} or {error} a line.
// argv: the file of Temml. The process lives as long as its stdin is open, so a whole book costs one start.
const temml = require(process.argv[2]);
const lines = require("readline").createInterface({input: process.stdin});

lines.on("line", (line) => {
  const [tex, display] = JSON.parse(line);
  let answer;
  try {
    answer = {mathml: temml.renderToString(tex, {displayMode: display, annotate: true, throwOnError: true, strict: true})};
  } catch (problem) {
    answer = {error: String(problem.message)};
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
