// What is packed in the page: gzip in base64, in blocks that the browser leaves alone.

const meta = JSON.parse(document.getElementById("meta").textContent);

function bytes(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const binary = atob(base64);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

async function unpack(id) {
  const packed = bytes(document.getElementById(id).textContent);
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

const loaded = new Map();

// Each block is unpacked once.
function once(id, make) {
  if (!loaded.has(id)) loaded.set(id, unpack(id).then(make));
  return loaded.get(id);
}

const unpackJson = (id) => once(id, JSON.parse);

function addTo(head, name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  head.append(element);
}

// A library runs because the page's policy knows its hash.
const library = (id) => once(id, (text) => addTo(document.head, "script", text));
const stylesheet = (id) => once(id, (text) => addTo(document.head, "style", text));

const chunks = [];
for (const block of document.querySelectorAll('script[id^="texts-"]')) {
  const rows = Number(block.dataset.rows);
  const start = chunks.length ? chunks.at(-1).start + chunks.at(-1).rows : 0;
  chunks.push({ id: block.id, start, rows });
}

// The [thought, rest] of a row.
async function textOf(row) {
  const chunk = chunks.find((c) => row < c.start + c.rows);
  return (await unpackJson(chunk.id))[row - chunk.start];
}

// All of them, in the rows' order, a chunk at a time, so that the page stays alive.
async function* allTexts() {
  for (const chunk of chunks) yield [chunk.start, await unpackJson(chunk.id)];
}
