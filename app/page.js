/* What the page does in the browser by itself: it copies what was written. */
window.ampo = (() => {
  const marks = /[\u2060-\u2063]/g; // app/markdown.py puts them into what is shown
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

  return { written };
})();
