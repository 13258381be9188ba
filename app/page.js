/* What the page does in the browser by itself: it copies what was written, keeps conversations as they come, each under
   a key of its own, knows which answer is on its way, and makes and reads files and links. */
window.ampo = (() => {
  const marks = /[\u2060-\u2064\ufeff]/g; // app/markdown.py puts them into what is shown
  const footer = /\n*<div class="ampo-(?:verdict|error|stats|more)">[^\n]*/g;
  const answer = /\n\n> \*\*Answer\*\*\u2060 ([\s\S]*?)(?:\n\n|$)/g;

  const aside = /\u2064[^\u2064]*\u2064\s*/g; // a thought

  /* Environments that are shown as others, as app/markdown.py marks them. */
  const foreign = ["eqnarray", "eqnarray*", "multline", "multline*"];
  const native = (text) =>
    text
      .replace(/(\u2062{3,6})\\begin\{(?:array\}\{rcl|gathered)\}/g, (_, mark) => `\\begin{${foreign[mark.length - 3]}}`)
      .replace(/\\end\{(?:array|gathered)\}(\u2063{3,6})/g, (_, mark) => `\\end{${foreign[mark.length - 3]}}`);

  const written = (text) =>
    native(text.replace(aside, "").trim() ? text.replace(aside, "") : text)
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

  /* ---- the shelf: conversations in this browser ---- */

  const prefix = "ampo-conversation-";
  const most = 50;
  const room = 5e6; // characters that a browser grants: for a larger one no other has to go
  let unkept = false; // whether there is no room for the one that is shown
  const known = {}; // by id: the stamp of what this tab has last read or written
  const forks = {}; // by id: under which id this tab goes on, where another tab has gone on differently
  let words = ""; // that are searched for
  let current = ""; // the id of the conversation that is shown
  const own = (id) => forks[id] ?? id;
  const gone = new Set(); // ids that this tab has deleted: what still comes of them is not kept
  const fresh_id = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, "0")).join("");
  const parsed = (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return null; // not ours
    }
  };
  const stored = (id) => parsed(localStorage.getItem(prefix + id));
  const all = () =>
    Object.keys(localStorage)
      .filter((key) => key.startsWith(prefix))
      .map((key) => parsed(localStorage.getItem(key)))
      .filter((talk) => talk?.id)
      .sort((a, b) => b.kept - a.kept);
  const fits = (talk) => !words || JSON.stringify([talk.title, talk.turns]).toLowerCase().includes(words);

  /* What the list shows; chosen: an id. */
  const listed = (chosen) => {
    const talks = all().filter(fits);
    return {
      __type__: "update",
      choices: talks.map((talk) => [String(talk.title ?? "Conversation").slice(0, 80), talk.id]),
      value: talks.some((talk) => talk.id === chosen) ? chosen : null,
      info: unkept ? "The browser has no room for this conversation: keep it as a file (JSON)." : "",
    };
  };
  const searched = (chosen, given) => {
    words = JSON.stringify(given ?? "").slice(1, -1).toLowerCase();
    return listed(chosen);
  };

  /* Whether one conversation is the other one, gone on with. */
  const continues = (old, talk) =>
    old.turns.every((turn, i) => {
      const now = talk.turns[i];
      const a = turn.answer?.text ?? "", b = now?.answer?.text ?? "";
      return now && now.question === turn.question && (a.startsWith(b) || b.startsWith(a));
    });

  /* A turn without what is made of its text again. */
  const slim = (turn) => (turn.answer ? { ...turn, answer: { ...turn.answer, thought: "", body: "" } } : turn);

  /* Store a conversation; the oldest make room. What another tab has gone on with differently is not overwritten: this
     tab's becomes a conversation of its own. Gives its id. */
  const put = (talk) => {
    let id = own(talk.id);
    if (gone.has(id)) return id;
    const old = stored(id);
    if (old && known[id] !== old.stamp && !continues(old, talk)) {
      forks[talk.id] = forks[id] = id = fresh_id();
      talk = { ...talk, name: `${talk.title} (2)`, title: `${talk.title} (2)` };
    } else if (id !== talk.id && old) {
      talk = { ...talk, name: old.name, title: old.title };
    }
    const bare = { ...talk, id, turns: talk.turns.map(slim) };
    const same = old && JSON.stringify({ ...bare, kept: old.kept, stamp: old.stamp }) === JSON.stringify(old);
    if (same) return id;
    known[id] = fresh_id();
    const text = JSON.stringify({ ...bare, kept: Date.now(), stamp: known[id] });
    unkept = text.length > room;
    if (unkept) return id;
    const others = all().filter((other) => other.id !== id);
    others.splice(most - 1).forEach((other) => localStorage.removeItem(prefix + other.id));
    for (;;) {
      try {
        localStorage.setItem(prefix + id, text);
        break;
      } catch {
        if ((unkept = !others.length)) break;
        localStorage.removeItem(prefix + others.pop().id);
      }
    }
    return id;
  };

  /* Put a conversation on the shelf, as the one that is shown. */
  const keep = (text) => {
    const talk = parsed(text);
    growing = null;
    if (!talk || gone.has(own(talk.id))) return listed(current);
    if (!talk.turns.length) {
      if (known[own(talk.id)]) localStorage.removeItem(prefix + own(talk.id));
      return listed(null);
    }
    return listed(show(put(talk)));
  };

  const show = (id) => {
    current = id;
    const hash = id ? `#talk=${id}` : "";
    if (location.hash !== hash) history.replaceState(null, "", location.pathname + location.search + hash);
    return id;
  };

  /* What the server is to open: made new by a number, so that it is seen to change. */
  const wanted = (text) => `${Date.now()}${Math.random()}|${text}`;
  const read = (id) => {
    const talk = stored(id);
    if (talk) known[id] = talk.stamp;
    show(talk ? id : "");
    return wanted(talk ? JSON.stringify(talk) : "");
  };
  const fresh = () => {
    show("");
    return wanted("");
  };
  const nothing = { __type__: "update" };
  const seen = (visible) => ({ __type__: "update", visible });

  const deleted = "ampo-deleted";
  const forget = (id) => {
    const text = localStorage.getItem(prefix + own(id));
    if (text) sessionStorage.setItem(deleted, text);
    localStorage.removeItem(prefix + own(id));
    gone.add(own(id));
    return [fresh(), seen(Boolean(text))];
  };
  const undelete = () => {
    const talk = parsed(sessionStorage.getItem(deleted));
    if (!talk) return [nothing, seen(false)];
    gone.delete(talk.id);
    localStorage.setItem(prefix + talk.id, JSON.stringify(talk));
    return [read(talk.id), seen(false)];
  };
  const askName = (text) => {
    const talk = parsed(text);
    const title = talk?.title ?? "";
    return talk?.turns.length ? (prompt("Name of this conversation", title) ?? talk.name) : "";
  };

  /* ---- an answer on its way ---- */

  let busy = false;
  let halted = false;
  let growing = null; // the conversation whose answer grows
  let timer = 0;
  const draft = "ampo-draft";
  const asking = { __type__: "update", submit_btn: false, stop_btn: true };
  const resting = { __type__: "update", submit_btn: true, stop_btn: false };

  const begin = () => {
    busy = true;
    halted = false;
    return [asking, seen(false)];
  };
  const idle = () => {
    busy = false;
    return resting;
  };
  let pending = null; // a question that the server has not taken yet
  const take = (question, gold) => {
    if (busy) return [question, gold, nothing, nothing, nothing]; // it stays in its box
    begin();
    pending = [question, gold];
    sessionStorage.setItem(draft, question);
    return [question, gold, { ...asking, value: "" }, "", seen(false)];
  };
  const back = () => {
    const [question, gold] = pending;
    pending = null;
    return [{ ...resting, value: question }, gold];
  };
  const halt = () => {
    busy = false;
    halted = true;
    return pending ? back() : [resting, nothing];
  };
  const putBack = () => {
    busy = false;
    return pending && !halted ? back() : [resting, nothing]; // what was taken is on the shelf
  };

  const flush = () => {
    clearTimeout(timer);
    timer = 0;
    if (growing) put(growing);
  };
  const began = (text) => {
    const talk = parsed(text);
    if (!talk) return listed(current);
    pending = null;
    sessionStorage.removeItem(draft);
    growing = talk;
    return listed(show(put(talk)));
  };
  const said = (text) => {
    const answer = growing?.turns.at(-1).answer;
    if (!answer) return;
    answer.text = text;
    timer ||= setTimeout(flush, 500);
  };
  addEventListener("pagehide", flush);

  /* After a conversation has been opened: the question box and the list. */
  const opened = (text) => {
    const talk = parsed(text.slice(text.indexOf("|") + 1));
    const live = talk?.turns?.at(-1)?.answer?.state === "running";
    busy = live;
    halted = false;
    return [live ? asking : resting, listed(talk ? current || talk.id : null)];
  };

  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#ampo-question")) sessionStorage.setItem(draft, event.target.value);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const stops = [...document.querySelectorAll("#ampo-question button.stop-button, #ampo-sample-stop, #ampo-compare-stop")];
    stops.find((button) => button.offsetParent)?.click();
  });
  const restore = () => {
    const text = sessionStorage.getItem(draft);
    const box = document.querySelector("#ampo-question textarea");
    if (!text) return;
    if (!box) return setTimeout(restore, 100);
    if (box.value) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  /* ---- presets of sampling: everybody's come from the server, one's own are kept here, with the system prompt ---- */

  const presetKey = "ampo-presets";
  const owned = () => parsed(localStorage.getItem(presetKey)) ?? {};
  const presets = (given, chosen = null) => ({
    __type__: "update",
    choices: [...Object.keys(parsed(given)), ...Object.keys(owned())].map((name) => [name, name]),
    value: chosen,
  });
  const preset = (name, given, ...values) => {
    const builtin = parsed(given)[name];
    return owned()[name] ?? (builtin ? [values[0], ...builtin] : values);
  };
  const savePreset = (chosen, given, ...values) => {
    const name = prompt("Name of this preset (system prompt and sampling)", "")?.trim();
    if (name) localStorage.setItem(presetKey, JSON.stringify({ ...owned(), [name.slice(0, 80)]: values }));
    return presets(given, name || chosen);
  };

  /* One's own: everybody's stay. */
  const dropPreset = (chosen, given) => {
    const { [chosen]: dropped, ...rest } = owned();
    if (dropped && confirm(`Delete the preset “${chosen}”?`)) {
      localStorage.setItem(presetKey, JSON.stringify(rest));
      return presets(given);
    }
    return presets(given, chosen);
  };

  /* ---- files, links, addresses ---- */

  const download = (name, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  /* A file that is chosen, for the server to look at: what it is called, its size, and its text where it is one. */
  const largest = 2e7; // bytes
  const chosen = async (file) => {
    let text = null;
    try {
      if (file.size <= largest) text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch {} // it is no text, or can't be read
    return JSON.stringify({ name: file.name, size: file.size, largest, text });
  };
  const picked = () =>
    new Promise((done) => {
      const input = document.createElement("input");
      input.type = "file";
      input.accept = ".json,application/json";
      input.id = "ampo-import-file";
      input.hidden = true;
      input.addEventListener("change", async () => done(await chosen(input.files[0]), input.remove()));
      input.addEventListener("cancel", () => done("", input.remove()));
      document.body.append(input);
      input.click();
    });
  const imported = (text) => {
    const talk = parsed(text);
    if (!talk) return nothing; // no file was chosen
    gone.delete(own(talk.id));
    show(put(talk));
    return wanted(JSON.stringify({ ...talk, id: current }));
  };

  const piped = async (bytes, through) =>
    new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(through)).arrayBuffer());
  const packed = async (text) => {
    const bytes = await piped(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };
  const unpacked = async (text) => {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return new TextDecoder().decode(await piped(bytes, new DecompressionStream("deflate-raw")));
  };
  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      prompt("The address to send:", text); // a browser without a clipboard
      return true;
    }
  };
  /* A conversation as an address: what it says stands behind the #, which no browser sends to a server. */
  const link = async (text) => {
    if (!parsed(text)?.turns.length) return { ...nothing, value: "Ask something" };
    const address = `${location.origin}${location.pathname}#shared=${await packed(text)}`;
    const short = address.length < 500000;
    if (short) await copied(address);
    return { ...nothing, value: short ? "Link copied" : "Too long: export it" };
  };

  /* What the address asks for, when a page is opened. */
  const arrived = async () => {
    restore();
    const [, kind, value] = /^#(talk|shared)=(.*)$/.exec(location.hash) ?? [];
    if (kind === "talk" && stored(value)) return read(value);
    if (kind !== "shared") return nothing;
    const talk = parsed(await unpacked(value).catch(() => ""));
    if (!talk?.id || !talk.turns) return wanted("no conversation");
    gone.delete(own(talk.id));
    show(put(talk));
    return wanted(JSON.stringify({ ...talk, id: current }));
  };

  /* The address of what is shown: name and value pairs; an empty value is left out. */
  const address = (...pairs) => {
    const query = new URLSearchParams();
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i + 1]) query.set(pairs[i], pairs[i + 1]);
    history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  };

  /* Samples side by side: a bar chosen shows its group alone, chosen again all. */
  let group = "";
  const filtered = () => {
    for (const card of document.querySelectorAll("#ampo-samples .ampo-card"))
      card.hidden = Boolean(group) && !card.classList.contains(group);
    for (const bar of document.querySelectorAll("#ampo-votes .ampo-bar"))
      bar.setAttribute("aria-pressed", String(Boolean(group) && bar.classList.contains(group)));
  };
  const choose = (bar) => {
    const own = [...bar.classList].find((name) => name.startsWith("ampo-of-"));
    group = group === own ? "" : own;
    filtered();
  };
  /* Probabilities: what is known of the chosen token. */
  const about = (token) => {
    const place = document.querySelector("#ampo-token");
    const [text, logprob, entropy, top] = JSON.parse(token.dataset.about);
    document.querySelectorAll(".ampo-token.chosen").forEach((one) => one.classList.remove("chosen"));
    token.classList.add("chosen");
    const named = (text) => JSON.stringify(text).slice(1, -1);
    const percent = (logprob) => `${(100 * Math.exp(logprob)).toFixed(2)} %`;
    const line = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
    const list = document.createElement("ol");
    for (const [other, value] of top) list.append(line("li", `“${named(other)}” ${percent(value)}`));
    place.replaceChildren(line("b", `“${named(text)}”`), ` ${percent(logprob)}, log-probability ${logprob}, `);
    place.append(`entropy at least ${entropy} nats. The likeliest there:`, list);
  };
  document.addEventListener("click", (event) => {
    const token = event.target.closest?.(".ampo-token");
    if (token) about(token);
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.target.id !== "ampo-tokens") return;
    const all = [...event.target.querySelectorAll(".ampo-token")];
    const at = all.findIndex((one) => one.classList.contains("chosen"));
    const next = all[at < 0 ? 0 : at + step];
    if (!next) return;
    event.preventDefault();
    about(next);
    next.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("click", (event) => {
    const bar = event.target.closest?.("#ampo-votes .ampo-bar");
    if (bar) choose(bar);
    else if (event.target.closest?.("#ampo-sample-run")) group = "";
  });
  document.addEventListener("keydown", (event) => {
    const bar = event.target.closest?.("#ampo-votes .ampo-bar");
    if (!bar || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    choose(bar);
  });
  new MutationObserver(() => {
    // Gradio calls its examples a list and gives it buttons.
    // It puts a button without a name into a button, where a thought is folded away.
    for (const title of document.querySelectorAll(".thought-group .title[role=button]")) {
      const inner = title.querySelector("button");
      if (!inner) continue;
      title.removeAttribute("role");
      title.removeAttribute("tabindex");
      inner.setAttribute("aria-label", "Show or hide the thought");
    }
    document.querySelectorAll("#ampo-chat .examples[role=list]").forEach((one) => one.removeAttribute("role"));
    for (const code of document.querySelectorAll("pre:not([tabindex])")) {
      if (code.scrollWidth > code.clientWidth) code.tabIndex = 0; // the keyboard must reach what is scrolled
    }
    for (const bar of document.querySelectorAll("#ampo-votes .ampo-bar:not([tabindex])")) {
      bar.tabIndex = 0;
      bar.setAttribute("role", "button");
      bar.setAttribute("aria-label", `${bar.innerText.replace(/\s+/g, " ")}: show these samples alone`);
    }
    if (group || document.querySelector("#ampo-samples .ampo-card[hidden]")) filtered();
  }).observe(document.documentElement, { childList: true, subtree: true });

  return {
    ...{ written, read, forget, undelete, listed, searched, keep, fresh, askName, link, picked, imported, arrived, download },
    ...{ presets, preset, savePreset, dropPreset, filtered, address },
    ...{ begin, idle, take, halt, putBack, began, said, opened, copied },
  };
})();
