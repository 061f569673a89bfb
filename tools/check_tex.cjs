// Reads a JSON list of formulas from stdin, writes the list of MathJax's complaints ("" where it has none).
// argv: the folder of the mathjax package. The configuration is that of the site (_config.yml).
const fs = require("fs");
const mathjax = process.argv[2];

async function main() {
  const MathJax = await require(mathjax + "/es5/node-main.js").init({
    loader: {paths: {mathjax: mathjax + "/es5"}, require, load: ["input/tex", "[tex]/mathtools"]},
    tex: {packages: {"[+]": ["mathtools"], "[-]": ["noundefined"]}},
  });
  const complaints = [];
  for (const tex of JSON.parse(fs.readFileSync(0, "utf8"))) {
    const mml = await MathJax.tex2mmlPromise(tex, {display: true});
    MathJax.texReset(); // labels may come again on another page
    const error = mml.match(/<merror[^>]*data-mjx-error="([^"]*)"/);
    complaints.push(error ? error[1] : "");
  }
  process.stdout.write(JSON.stringify(complaints));
}

main().catch((problem) => { console.error(problem); process.exit(1); });
