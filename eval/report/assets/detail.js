// One response: question, verdicts, thought folded, the rest; and the way to its neighbours.

const detail = document.querySelector(".detail");
let showSource = false;

async function showDetail(row, open) {
  const { index, protocol } = state;
  await Promise.all([library("katex"), stylesheet("katex-style")]);
  const text = await textOf(row);
  if (row !== selected) return;
  const [id, , question, answer, options] = index.problems[index.problem[row]];
  detail.replaceChildren(
    bar(index, row, id),
    part("question", "Question", question, options.map((text, i) => `\n${String.fromCharCode(65 + i)}) ${text}`).join("")),
    verdicts(index, row, answer),
    siblings(index, protocol, row),
    ...(text ? response(...text) : [absent(id, index, row)]),
    element("p", told(index, row), "quiet"),
  );
  detail.scrollTop = 0;
  detail.classList.toggle("open", open);
  document.body.classList.toggle("reading", open);
  highlight();
  if (open) remember(id, index, row);
}

function closeDetail() {
  detail.classList.remove("open");
  document.body.classList.remove("reading");
}

function bar(index, row, id) {
  const made = element("div", "", "detail-bar");
  const name = element("span", `${id}#${index.sample[row]}`, "id");
  if (meta.runs.length > 1) name.prepend(element("span", "", `dot series-${index.run[row] % 6}`));
  const source = button(showSource ? "typeset" : "source", () => {
    showSource = !showSource;
    showDetail(row, detail.classList.contains("open"));
  });
  source.title = "Switch between the typeset response and its source";
  made.append(button("‹ list", closeDetail, "back"), name, source, button("↑", () => step(-1)), button("↓", () => step(1)));
  return made;
}

function button(text, act, className) {
  const made = element("button", text, className);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function part(className, title, text, more = "") {
  const made = element("section", "", className);
  const body = element("div", "", "prose");
  if (showSource) body.append(text + more);
  else typeset(text + more, body);
  made.append(element("h3", title), body);
  return made;
}

function verdicts(index, row, answer) {
  const made = element("dl", "", "verdicts");
  made.append(element("dt", "reference"), cell(showSource ? document.createTextNode(answer) : answerNode(answer)));
  for (const protocol of meta.protocols) {
    const { extracted, reason, unshown } = index.verdicts[protocol];
    const outcome = outcomeOf(index, protocol, row);
    const said = element("dd", "");
    const found = extracted[row];
    said.append(badge(outcome), element("b", outcome.replace("_", " "), outcome), " ");
    if (found !== null) said.append(showSource ? found : answerNode(found));
    if (unshown.includes(row)) said.append(element("small", "not shown to be wrong", "reason"));
    if (index.reasons[reason[row]]) said.append(element("small", index.reasons[reason[row]], "reason"));
    made.append(element("dt", protocol), said);
  }
  return made;
}

function cell(node) {
  const made = element("dd", "");
  made.append(node);
  return made;
}

// The other samples of the problem, in every run.
function siblings(index, protocol, row) {
  const made = element("div", "", "siblings");
  const same = index.problem.flatMap((problem, i) => (problem === index.problem[row] ? [i] : []));
  if (same.length < 2) return made;
  meta.runs.forEach((label, run) => {
    const of = same.filter((i) => index.run[i] === run);
    if (!of.length) return;
    const group = element("span", "", "group");
    if (meta.runs.length > 1) group.append(element("span", label, `label series-${run % 6}`));
    for (const i of of) {
      const chip = button("", () => select(i));
      chip.append(badge(outcomeOf(index, protocol, i)));
      chip.title = `sample ${index.sample[i]}: ${outcomeOf(index, protocol, i).replace("_", " ")}`;
      chip.setAttribute("aria-current", i === row);
      group.append(chip);
    }
    made.append(group);
  });
  return made;
}

function absent(id, index, row) {
  const run = meta.runs.length > 1 ? `${meta.runs[index.run[row]]}/` : "";
  return element("p", `Its text isn't on this page: see ${id}#${index.sample[row]} in ${run}responses.jsonl.`, "quiet");
}

function response(thought, rest) {
  if (!thought) return [part("response", "Response", rest || "(empty)")];
  const folded = element("details", "", "thought");
  folded.append(element("summary", `Thought, ${thought.length.toLocaleString("en")} characters`));
  const write = () => folded.append(part("response", "", thought));
  folded.addEventListener("toggle", write, { once: true }); // typeset when somebody looks
  const after = rest ? part("response", "Response", rest) : element("p", "The response ends inside its thought.", "quiet");
  return [folded, after];
}

function told(index, row) {
  const seed = index.seed[row] === null ? "" : ` · seed ${index.seed[row]}`;
  const run = meta.runs.length > 1 ? `${meta.runs[index.run[row]]} · ` : "";
  const ended = { length: "cut off by the limit", stop: "ended by itself" }[index.finish[row]] ?? index.finish[row];
  return `${run}${index.tokens[row].toLocaleString("en")} tokens · ${ended} · ${index.seconds[row]} s${seed}`;
}

// Marks what was searched for, without touching the document's nodes.
function highlight() {
  if (!CSS.highlights) return;
  CSS.highlights.delete("search");
  if (!wanted.search.trim()) return;
  const look = pattern(wanted.search.trim(), "gi");
  const walker = document.createTreeWalker(detail, NodeFilter.SHOW_TEXT);
  const ranges = [];
  while (walker.nextNode() && ranges.length < 1000) {
    for (const match of walker.currentNode.data.matchAll(look)) {
      const range = new Range();
      range.setStart(walker.currentNode, match.index);
      range.setEnd(walker.currentNode, match.index + match[0].length);
      ranges.push(range);
    }
  }
  CSS.highlights.set("search", new Highlight(...ranges));
}

// The address names the response, so that it can be pointed at.
function remember(id, index, row) {
  const name = `${id}#${index.sample[row]}${meta.runs.length > 1 ? `@${meta.runs[index.run[row]]}` : ""}`;
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
}

function remembered(index) {
  const name = decodeURIComponent(location.hash.slice(1));
  const [, id, sample, run] = name.match(/^(.*)#(\d+)(?:@(.*))?$/) ?? [];
  const place = run === undefined ? 0 : meta.runs.indexOf(run);
  return index.run.findIndex(
    (r, i) => r === place && index.sample[i] === Number(sample) && index.problems[index.problem[i]][0] === id,
  );
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeDetail();
});
