// Text as a model wrote it -> nodes, with its mathematics typeset, and code, bold text and headings as such.
// Only text nodes and elements made here reach the page; KaTeX refuses links, images and HTML of its own (trust: false).

const ENVIRONMENTS = "align|equation|gather|multline|alignat|eqnarray|array|cases|aligned|gathered|split|[pbvBV]?matrix";
const PRICE = "\\d[\\d.,]*\\s+\\(?(?!mod\\b)[A-Za-z]{2,}[\\s),.;:]";
const MARKS = new RegExp(
  [
    "(?<fence>```[^\\n]*\\n[\\s\\S]*?(?:```|(?![\\s\\S])))",
    "(?<code>`[^`\\n]+`)",
    "(?<escaped>\\\\\\$)",
    "(?<display>\\$\\$[\\s\\S]{1,4000}?\\$\\$|\\\\\\[[\\s\\S]{1,4000}?\\\\\\])",
    "(?<round>\\\\\\([\\s\\S]{1,2000}?\\\\\\))",
    `(?<environment>\\\\begin\\{(?<kind>${ENVIRONMENTS})(?<star>\\*?)\\}[\\s\\S]{1,4000}?\\\\end\\{\\k<kind>\\k<star>\\})`,
    "(?<boxed>\\\\boxed\\s*\\{)",
    // A dollar opens before a character that isn't space and no price with a word after it, and closes after a
    // character that isn't space and not before a digit.
    `(?<dollar>\\$(?![\\s$])(?!${PRICE})(?:\\\\[\\s\\S]|[^$\\\\\\n]|\\n(?!\\s*\\n)){1,2000}?(?<!\\s)\\$(?!\\d))`,
    "(?<bold>\\*\\*)",
    "(?<heading>^#{1,6} +[^\\n]*)",
    "(?<tag></?(?:answer|think)>)",
  ].join("|"),
  "gm",
);
const MOST_FORMULAS = 2000;

// Appends `text` to `parent`.
function typeset(text, parent) {
  const builder = { parent, bold: null, formulas: 0 };
  writeStretch(text, builder);
}

function writeStretch(text, builder) {
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    if (match.index < end) continue; // inside what a \boxed took
    const taken = writeMark(match, text, builder, end);
    if (taken > end) end = taken;
  }
  writeText(text.slice(end), builder);
}

// Writes the text before a mark and the mark itself; returns where it ends, or 0 where it is plain text after all.
function writeMark(match, text, builder, from) {
  const { groups: g, index } = match;
  const before = () => writeText(text.slice(from, index), builder);
  const after = index + match[0].length;
  if (g.boxed) {
    const close = closingBrace(text, after);
    if (close < 0) return 0;
    before();
    formula(text.slice(index, close + 1), false, builder);
    return close + 1;
  }
  if (g.bold && !builder.bold && !/^\S(?:(?!\n\s*\n)[\s\S])*?\*\*/.test(text.slice(after, after + 2000))) return 0;
  before();
  if (g.display) formula(g.display.slice(2, -2), true, builder);
  else if (g.round) formula(g.round.slice(2, -2), false, builder);
  else if (g.environment) formula(g.environment, true, builder);
  else if (g.dollar) formula(g.dollar.slice(1, -1), false, builder);
  else if (g.fence) here(builder).append(element("pre", g.fence.replace(/^```[^\n]*\n|```$/g, ""), "code"));
  else if (g.code) here(builder).append(element("code", g.code.slice(1, -1)));
  else if (g.escaped) writeText("$", builder);
  else if (g.tag) here(builder).append(element("span", g.tag, "marker"));
  else if (g.heading) writeHeading(g.heading, builder);
  else if (g.bold) toggleBold(builder);
  return after;
}

const here = (builder) => builder.bold ?? builder.parent;

function writeText(text, builder) {
  if (builder.bold && /\n\s*\n/.test(text)) builder.bold = null; // a paragraph ends what was never closed
  if (text) here(builder).append(text);
}

function writeHeading(line, builder) {
  const heading = element("strong", "", "heading");
  builder.parent.append(heading);
  writeStretch(line.replace(/^#+ +/, ""), { ...builder, parent: heading, bold: null });
}

function toggleBold(builder) {
  if (builder.bold) {
    builder.bold = null;
    return;
  }
  builder.bold = element("strong", "");
  builder.parent.append(builder.bold);
}

function formula(tex, display, builder) {
  here(builder).append(++builder.formulas > MOST_FORMULAS ? element("code", tex) : mathematics(tex, display));
}

// A formula as KaTeX sets it; its source where KaTeX can't.
function mathematics(tex, display = false) {
  const out = element(display ? "div" : "span", "", display ? "display" : "inline");
  try {
    katex.render(tex, out, { displayMode: display, throwOnError: true, trust: false, strict: false, maxSize: 20, maxExpand: 300 });
    return out;
  } catch {
    return element("code", tex, "unread");
  }
}

// A reference or an extracted answer: TeX without dollars where it looks like mathematics, else text.
function answerNode(answer) {
  if (answer === null || answer === undefined) return element("span", "none", "quiet");
  const span = element("span", "", "answer");
  span.title = answer;
  if (answer.length > 300) span.append(answer);
  else if (/\$|\\[([]/.test(answer)) typeset(answer, span);
  else if (/[\\^_{}]/.test(answer) || isBareFormula(answer)) span.append(mathematics(answer.trim()));
  else span.append(answer);
  return span;
}

// Figures, or letters one at a time with something between them: 3/4, p - q; not "even", not "C".
function isBareFormula(text) {
  return /\d/.test(text) ? /^[\d\s.,+\-*/=()<>|]+$/.test(text) : /^[^a-z]*[a-z](?:[\s\d]*[+\-*/=][\s\d]*[a-z])+$/i.test(text);
}

function closingBrace(text, start) {
  let depth = 1;
  for (let i = start; i < Math.min(text.length, start + 4000); i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  return -1;
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}
