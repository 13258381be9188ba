// Joins the parts: the switch of protocols, the filters, the list, and last the plots.

const state = { index: null, protocol: meta.protocols[0] };
const form = document.querySelector(".filters");
const chipBox = document.querySelector(".chips");
let turn = 0;

function fill(name, options) {
  form[name].replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  form[name].hidden = options.length < 2;
}

function fillFilters() {
  fill("run", meta.runs.length > 1 ? [["", "all runs"], ...meta.runs.map((label, i) => [i, label])] : []);
  fill("benchmark", meta.benchmarks.length > 1 ? [["", "all benchmarks"], ...meta.benchmarks.map((b) => [b, b])] : []);
  const several = new Set(state.index.problem).size < state.index.problem.length;
  const unshown = meta.protocols.some((p) => state.index.verdicts[p].unshown.length);
  const texts = state.index.texts !== null;
  const [protocols, runs] = [meta.protocols.length > 1, meta.runs.length > 1];
  const sensible = { texts, unshown, protocols, runs, samples: several };
  fill("which", WHICH.filter(([value]) => sensible[value] ?? true));
  fill("order", ORDERS);
}

async function refresh() {
  const mine = ++turn;
  for (const name of ["search", "run", "benchmark", "which", "order"]) wanted[name] = form[name].value;
  if (wanted.search.trim()) document.querySelector(".count").textContent = "Searching …";
  const rows = await matching(state.index, state.protocol);
  if (mine !== turn) return; // another filter came meanwhile
  drawChips(rows);
  const { outcome } = state.index.verdicts[state.protocol];
  const left = wanted.outcomes.size ? rows.filter((row) => wanted.outcomes.has(outcome[row])) : rows;
  document.querySelector(".count").textContent =
    `${left.length.toLocaleString("en")} of ${meta.rows.toLocaleString("en")} responses`;
  showList(ordered(left, state.index));
  if (left.length && !left.includes(selected)) select(shown[0], false);
  highlight();
}

function drawChips(rows) {
  const counts = meta.outcomes.map(() => 0);
  for (const row of rows) counts[state.index.verdicts[state.protocol].outcome[row]]++;
  const chips = meta.outcomes.map((outcome, i) => {
    const chip = button("", () => toggle(i), `chip ${outcome}`);
    chip.append(badge(outcome), outcome.replace("_", " "), element("span", counts[i].toLocaleString("en"), "n"));
    chip.setAttribute("aria-pressed", wanted.outcomes.has(i));
    chip.hidden = !counts[i] && !wanted.outcomes.has(i);
    return chip;
  });
  chipBox.replaceChildren(...chips);
}

function toggle(outcome) {
  if (!wanted.outcomes.delete(outcome)) wanted.outcomes.add(outcome);
  refresh();
}

function setProtocol(protocol) {
  state.protocol = protocol;
  for (const view of document.querySelectorAll("[data-view]")) view.hidden = view.dataset.view !== protocol;
  drawPlots(protocol);
  if (!state.index) return;
  refresh();
  if (selected >= 0) showDetail(selected, detail.classList.contains("open"));
}

let typing;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", refresh);
form.search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(refresh, 200);
});
for (const input of document.querySelectorAll('input[name="protocol"]')) {
  input.addEventListener("change", () => setProtocol(input.value));
}
dark.addEventListener("change", () => drawPlots(state.protocol));

async function start() {
  if (meta.rows) {
    state.index = await unpackJson("index");
    document.getElementById("responses").hidden = false;
    fillFilters();
    await refresh();
    const row = location.hash ? remembered(state.index) : -1;
    if (row >= 0) select(row);
    performance.mark("list");
  }
  await drawPlots(state.protocol);
  performance.mark("plots");
  document.documentElement.dataset.ready = "";
}

start();
