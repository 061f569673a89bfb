// Builds the search index. stdin: JSON list of sections; stdout: the index as JSON. argv: MiniSearch, search.js.
const MiniSearch = require(process.argv[2]);
const search = require(process.argv[3]);
const index = new MiniSearch({...search.options, tokenize: search.tokenize, processTerm: (term) => term});
index.addAll(JSON.parse(require("fs").readFileSync(0, "utf8")).map((section, id) => ({id, ...section})));
const plain = index.toJSON();
process.stdout.write(JSON.stringify({...plain, index: search.pack(plain.index)}));
