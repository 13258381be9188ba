// Which rows are shown, and in which order.

const WHICH = [
  ["", "all responses"],
  ["texts", "with their text on this page"],
  ["unshown", "not shown to be wrong"],
  ["protocols", "protocols disagree"],
  ["runs", "runs differ on the problem"],
  ["samples", "samples differ on the problem"],
];
const ORDERS = [
  ["", "in the data's order"],
  ["longest", "longest first"],
  ["shortest", "shortest first"],
];

// {search, run, benchmark, which, order, outcomes: Set of places in meta.outcomes; empty: all}
const wanted = { search: "", run: "", benchmark: "", which: "", order: "", outcomes: new Set() };

const isRight = (index, protocol, row) => index.verdicts[protocol].outcome[row] === 0;

// The rows but for the outcome, whose chips show how many there would be.
async function matching(index, protocol) {
  const found = wanted.search.trim() ? await searched(index, wanted.search.trim()) : null;
  const which = wanted.which ? chosenBy(index, protocol, wanted.which) : null;
  const rows = [];
  for (let row = 0; row < index.run.length; row++) {
    if (wanted.run !== "" && index.run[row] !== Number(wanted.run)) continue;
    if (wanted.benchmark && index.problems[index.problem[row]][1] !== wanted.benchmark) continue;
    if (which && !which(row)) continue;
    if (found && !found[row]) continue;
    rows.push(row);
  }
  return rows;
}

function chosenBy(index, protocol, which) {
  if (which === "texts") {
    const there = new Set(index.texts);
    return (row) => there.has(row);
  }
  if (which === "unshown") {
    const unshown = new Set(index.verdicts[protocol].unshown);
    return (row) => unshown.has(row);
  }
  if (which === "protocols") {
    const [a, b] = meta.protocols;
    return (row) => isRight(index, a, row) !== isRight(index, b, row);
  }
  // Runs differ where the shares of right samples do; samples differ where both right and wrong ones are there.
  const shares = new Map();
  for (let row = 0; row < index.run.length; row++) {
    const key = which === "runs" ? index.problem[row] : `${index.problem[row]}/${index.run[row]}`;
    const group = which === "runs" ? index.run[row] : row;
    if (!shares.has(key)) shares.set(key, new Map());
    const [right, all] = shares.get(key).get(group) ?? [0, 0];
    shares.get(key).set(group, [right + isRight(index, protocol, row), all + 1]);
  }
  const differ = new Set();
  for (const [key, groups] of shares) {
    if (new Set([...groups.values()].map(([right, all]) => right / all)).size > 1) differ.add(key);
  }
  return (row) => differ.has(which === "runs" ? index.problem[row] : `${index.problem[row]}/${index.run[row]}`);
}

const escaped = (text) => text.replace(/[.*+?^$()|[\]{}\\]/g, "\\$&");
const pattern = (text, flags) => new RegExp(escaped(text).replace(/\s+/g, "\\s+"), flags);

// Which rows hold the text, anywhere: question, id, reference, what was found, the response.
async function searched(index, text) {
  const look = pattern(text, "i");
  const problems = index.problems.map(([id, , question, answer, options]) =>
    look.test([id, question, answer, ...options].join("\n")),
  );
  const found = new Uint8Array(index.run.length);
  for await (const [start, texts] of allTexts()) {
    texts.forEach((text, i) => {
      const row = start + i;
      found[row] = problems[index.problem[row]] || text?.some((part) => look.test(part)) || foundIn(index, row, look);
    });
  }
  return found;
}

function foundIn(index, row, look) {
  return meta.protocols.some((p) => look.test(index.verdicts[p].extracted[row] ?? ""));
}

function ordered(rows, index) {
  if (!wanted.order) return rows;
  const sign = wanted.order === "longest" ? -1 : 1;
  return rows.toSorted((a, b) => sign * (index.tokens[a] - index.tokens[b]) || a - b);
}
