// The list of responses. Only the rows in view are in the document, however many there are.

const ROW_HEIGHT = 62;
const SYMBOLS = { correct: "✓", wrong: "✗", no_answer: "∅", truncated: "…", timeout: "?" };
const list = document.querySelector(".list");
const rowsBox = document.querySelector(".list .rows");

let shown = [];
let selected = -1;

const outcomeOf = (index, protocol, row) => meta.outcomes[index.verdicts[protocol].outcome[row]] ?? "unjudged";

function badge(outcome) {
  const made = element("span", SYMBOLS[outcome] ?? "·", `badge ${outcome}`);
  made.title = outcome.replace("_", " ");
  return made;
}

function showList(rows) {
  shown = rows;
  rowsBox.style.height = `${rows.length * ROW_HEIGHT}px`;
  list.scrollTop = 0;
  drawRows();
}

function drawRows() {
  const { index, protocol } = state;
  const first = Math.max(0, Math.floor(list.scrollTop / ROW_HEIGHT) - 5);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW_HEIGHT) + 5);
  rowsBox.replaceChildren(...shown.slice(first, last).map((row, i) => rowNode(index, protocol, row, first + i)));
}

function rowNode(index, protocol, row, place) {
  const [id, , question] = index.problems[index.problem[row]];
  const node = element("div", "", "row");
  node.style.top = `${place * ROW_HEIGHT}px`;
  node.dataset.row = row;
  node.setAttribute("role", "option");
  node.setAttribute("aria-selected", row === selected);
  const head = element("div", "", "row-head");
  if (meta.runs.length > 1) head.append(element("span", "", `dot series-${index.run[row] % 6}`));
  head.append(element("span", `${id}#${index.sample[row]}`, "id"), element("span", `${index.tokens[row]}`, "tokens"));
  const text = element("div", "", "row-text");
  text.append(head, element("div", question.slice(0, 160), "excerpt"));
  node.append(badge(outcomeOf(index, protocol, row)), text);
  return node;
}

// Brings a row into view and opens it.
function select(row, open = true) {
  selected = row;
  const place = shown.indexOf(row);
  if (place >= 0) {
    const top = place * ROW_HEIGHT;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW_HEIGHT > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW_HEIGHT - list.clientHeight;
  }
  drawRows();
  showDetail(row, open);
}

function step(by) {
  const place = shown.indexOf(selected) + by;
  if (place >= 0 && place < shown.length) select(shown[place]);
}

list.addEventListener("scroll", () => requestAnimationFrame(drawRows));
new ResizeObserver(drawRows).observe(list);
list.addEventListener("click", (event) => {
  const node = event.target.closest(".row");
  if (node) select(Number(node.dataset.row));
});
list.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 8, PageUp: -8 }[event.key];
  if (!by) return;
  event.preventDefault();
  step(by);
});
