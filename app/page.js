/* What the page does in the browser by itself: it copies what was written, and keeps conversations, each under a key
   of its own, so that two tabs don't overwrite each other's. */
window.ampo = (() => {
  const marks = /[\u2060-\u2063\ufeff]/g; // app/markdown.py puts them into what is shown
  const footer = /\n*<div class="ampo-(?:verdict|error|stats)">[^\n]*/g;
  const answer = /\n\n> \*\*Answer\*\*\u2060 ([\s\S]*?)(?:\n\n|$)/g;

  const written = (text) =>
    text
      .replace(footer, "")
      .replace(answer, (_, inside) => `<answer>${inside.replaceAll("\n> ", "\n")}</answer>`)
      .replace(marks, "");

  const selected = () => {
    const box = document.activeElement;
    return box?.value && box.selectionEnd > box.selectionStart
      ? box.value.slice(box.selectionStart, box.selectionEnd)
      : String(getSelection());
  };

  document.addEventListener("copy", (event) => {
    const text = selected();
    if (text === written(text)) return;
    event.clipboardData.setData("text/plain", written(text));
    event.preventDefault();
  });
  if (navigator.clipboard) {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = (text) => write(written(text));
  }

  const prefix = "ampo-conversation-";
  const most = 50;
  const read = (id) => localStorage.getItem(prefix + id) ?? "";
  const parsed = (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return null; // not ours
    }
  };
  const all = () =>
    Object.keys(localStorage)
      .filter((key) => key.startsWith(prefix))
      .map((key) => parsed(localStorage.getItem(key)))
      .filter((talk) => talk?.id)
      .sort((a, b) => b.kept - a.kept);
  const forget = (id) => localStorage.removeItem(prefix + id);

  /* What the list shows; chosen: an id. */
  const listed = (chosen) => {
    const talks = all();
    return {
      __type__: "update",
      choices: talks.map((talk) => [String(talk.title ?? "Conversation").slice(0, 80), talk.id]),
      value: talks.some((talk) => talk.id === chosen) ? chosen : null,
    };
  };

  /* Put a conversation on the shelf, first where it is new or has changed; the oldest make room. */
  const keep = (text) => {
    const talk = parsed(text);
    if (!talk) return listed(null);
    if (!talk.turns.length) {
      forget(talk.id);
      return listed(null);
    }
    const before = parsed(read(talk.id));
    const same = before && JSON.stringify({ ...talk, kept: before.kept }) === JSON.stringify(before);
    const now = JSON.stringify({ ...talk, kept: same ? before.kept : Date.now() });
    const others = all().filter((other) => other.id !== talk.id);
    others.splice(most - 1).forEach((other) => forget(other.id));
    for (;;) {
      try {
        localStorage.setItem(prefix + talk.id, now);
        break;
      } catch {
        if (!others.length) break; // it is larger than all that a browser grants
        forget(others.pop().id);
      }
    }
    return listed(talk.id);
  };

  return { written, read, forget, listed, keep };
})();
