"""The tab that asks the same question k times at once: the votes for each answer, pass@k and avg@k, every sample.

Answers are grouped by the verifier's equivalence, as maj@k is counted in an evaluation.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from copy import copy
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from ampo.app import controls, downloads, export, question, render
from ampo.app.answers import Ask, answers, judged, seeded, stopped
from ampo.app.controls import Controls, heard, quick
from ampo.app.desk import Desk
from ampo.app.markdown import DELIMITERS, formula, written
from ampo.app.question import read
from ampo.conversation import UNFINISHED, Answer, Conversation, Turn
from ampo.errors import UserError
from ampo.types import Request
from ampo.verify.find.extract import extract

Update = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """Samples of one question.

    made: every sample so far. found: the answer in each finished one, None where there is none.
    classes: which found ones are the same answer; -1 for none.
    """

    turn: Turn | None = None
    made: tuple[Answer, ...] = ()
    found: tuple[str | None, ...] = ()
    classes: tuple[int, ...] = ()

    @property
    def finished(self) -> list[int]:
        return [i for i, one in enumerate(self.made) if one.state != "running"]


class Sampler:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._programs = False

    def for_programs(self) -> Sampler:
        """The same for programs: they get the samples as JSON, as it is exported."""
        other = copy(self)
        other._programs = True
        return other

    @controls.named
    async def draw(
        self, question: str, gold: str, kind: Any, k: float, page: gr.Request, *settings: Any
    ) -> AsyncIterator[Update]:
        """k samples at once; sample i has the seed of the first plus i, as in an evaluation."""
        system, *knobs = settings
        try:
            turn = read(question, gold, kind, system, self.desk.limits)
            params = seeded(controls.read(knobs, self.desk.limits))
            count = controls.whole("k", k, 1, self.desk.limits.samples)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        if params.temperature == 0 and count > 1:
            gr.Info("At temperature 0 all samples are the same.")
        messages = Conversation(turns=(turn,)).messages()
        each = [replace(params, seed=((params.seed or 0) + i) % 2**63) for i in range(count)]
        asks = {i: Ask(self.desk.engine, Request("sample", messages, own)) for i, own in enumerate(each)}
        async for update in self._run(turn, asks, f"sample {page.session_hash}"):
            yield update

    async def stop(self, drawn: Draw, page: gr.Request) -> Update:
        """After the generation has been ended: the unfinished samples count as cut off."""
        self.desk.turns.take(f"sample {page.session_hash}")
        drawn = replace(drawn, made=tuple(stopped(one) for one in drawn.made))
        return self._shown(await self._settled(drawn))

    async def _run(self, turn: Turn, asks: dict[int, Ask], key: str) -> AsyncIterator[Update]:
        turns = self.desk.turns
        mine = turns.take(key)
        drawn = Draw(turn, tuple(Answer() for _ in asks))
        try:
            async with aclosing(answers(asks)) as stream:
                async for made in stream:
                    if not turns.has(key, mine):
                        return
                    before = len(drawn.finished)
                    judged_ones = {i: drawn.made[i] for i in drawn.finished}
                    drawn = replace(drawn, made=tuple(judged_ones.get(i, made[i]) for i in sorted(made)))
                    if len(drawn.finished) > before:
                        drawn = await self._settled(drawn)
                    yield self._shown(drawn, running=True)
            yield self._shown(drawn)
        finally:
            turns.leave(key, mine)

    async def _settled(self, drawn: Draw) -> Draw:
        """What is finished: judged, and grouped."""
        turn, made = drawn.turn, list(drawn.made)
        if turn is None:
            return drawn
        for i in drawn.finished:
            if made[i].verdict is None:
                made[i] = (await judged(self.desk.verifier, replace(turn, answer=made[i]))).answer or made[i]
        found = tuple(_found(turn, one) for one in made)
        groups = await asyncio.to_thread(self.desk.verifier.classes, found, turn.kind, (), turn.question)
        return replace(drawn, made=tuple(made), found=found, classes=tuple(groups))

    def _shown(self, drawn: Draw, running: bool = False) -> Update:
        """Figures and votes, samples, the draw itself, the two buttons."""
        summary = figures(drawn, self.desk.services.pass_at_k) + votes(drawn)
        return (
            written(summary) if self._programs else summary,
            _exported("JSON", drawn).text if self._programs else samples(drawn),
            drawn,
            gr.Button(visible=not running),
            gr.Button(visible=running),
        )


def _found(turn: Turn, made: Answer) -> str | None:
    if made.state in ("running", "failed"):
        return None
    if made.verdict is not None:
        return made.verdict.extracted
    cut = "length" if made.state in UNFINISHED else "stop"
    return extract(made.text, turn.kind, cut, (), turn.question).answer


def figures(drawn: Draw, pass_at_k: Callable[[int, int, int], float] | None) -> str:
    """How many there are, and where the answer is known avg@k and pass@k, as HTML."""
    if not drawn.made:
        return ""
    done, tokens = len(drawn.finished), sum(one.completion_tokens for one in drawn.made)
    cells = [(f"{done} of {len(drawn.made)}", "samples"), (f"{tokens:,}", "tokens")]
    verdicts = [one.verdict for one in drawn.made if one.verdict is not None]
    if verdicts and pass_at_k is not None:
        n, right = len(verdicts), sum(verdict.correct for verdict in verdicts)
        cells.append((f"{100 * right / n:.0f} %", f"avg@{n}"))
        ks = [k for k in (2, 4, 8, 16, 32) if k < n] + ([n] if n > 1 else [])
        cells += [(f"{100 * pass_at_k(n, right, k):.0f} %", f"pass@{k}") for k in ks]
    inside = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for value, name in cells)
    return f'<div class="ampo-figures">{inside}</div>'


def votes(drawn: Draw) -> str:
    """A bar for each answer, the most frequent first, as HTML."""
    counts = Counter(group for i, group in enumerate(drawn.classes) if drawn.made[i].state != "running")
    total = max(1, counts.total())
    rows = []
    for group, count in sorted(counts.items(), key=lambda item: (item[0] < 0, -item[1], item[0])):
        members = [i for i, of in enumerate(drawn.classes) if of == group]
        label = "no answer" if group < 0 else " ".join((drawn.found[members[0]] or "").split())
        verdicts = [verdict for i in members if (verdict := drawn.made[i].verdict)]
        state = "" if group < 0 or not verdicts else "right" if any(v.correct for v in verdicts) else "wrong"
        rows.append(
            f'<div class="ampo-bar {_class_of(group)}">'
            f'<div class="ampo-bar-label" title="{escape(label)}">{_label(label, 200)}</div>'
            f'<div class="ampo-bar-track"><div class="ampo-bar-fill {state}" style="width:{100 * count / total:.1f}%">'
            f'</div></div><div class="ampo-bar-count">{count}</div></div>'
        )
    return "".join(rows)


LIVE_CHARACTERS = 700
"""While samples are on their way the end of each is shown: whole texts, set anew every second, are nobody's to read."""
MOST_COMPARED = 12_000
"""Characters: what follows is shown without marks."""
MOST_IN_ALL = 4 * render.MOST_SHOWN
"""Characters of all samples together that are shown."""


def samples(drawn: Draw, marked: bool = False) -> str:
    """All samples side by side, as Markdown among HTML of our own. marked: what differs from the first is marked."""
    cards = []
    growing = len(drawn.finished) < len(drawn.made)
    most = min(render.MOST_SHOWN, MOST_IN_ALL // max(1, len(drawn.made)))
    for i, one in enumerate(drawn.made):
        group = drawn.classes[i] if i < len(drawn.classes) and one.state != "running" else None
        own = "" if group is None else f" {_class_of(group)}"
        if growing:
            inside = f'<div class="ampo-raw">{render.raw(one.text[-LIVE_CHARACTERS:]) or "waiting ..."}</div>'
        elif marked:
            raw = difference(drawn.made[0].text, one.text[:most])
            inside = f'<div class="ampo-raw">{raw}</div>{render.more(one.text, most)}'
        else:
            inside = render.whole(one, drawn.turn.gold if drawn.turn else "", most)
        cards.append(f'<div class="ampo-card{own}">\n<h3>{_title(drawn, i)}</h3>\n\n{inside}\n\n</div>\n\n')
    return f'<div class="ampo-cards">\n\n{"".join(cards)}</div>' if cards else ""


def difference(old: str, new: str) -> str:
    """A text as HTML, its words marked that the other one doesn't have in that place."""
    a, b = (re.findall(r"\s+|\w+|[^\w\s]", text[:MOST_COMPARED]) for text in (old, new))
    parts = []
    for kind, _, _, start, end in SequenceMatcher(None, a, b).get_opcodes():
        words = "".join(b[start:end])
        shown = render.raw(words)
        parts.append(shown if kind == "equal" or not words.strip() else f"<mark>{shown}</mark>")
    return "".join(parts) + render.raw(new[MOST_COMPARED:])


def _class_of(group: int) -> str:
    """What page.js filters by."""
    return f"ampo-of-{'none' if group < 0 else group}"


def _title(drawn: Draw, i: int) -> str:
    one = drawn.made[i]
    found = drawn.found[i] if i < len(drawn.found) and one.state != "running" else None
    outcome = " ".join(render.BADGES[one.verdict.outcome]) if one.verdict else ""
    count = f"{one.completion_tokens:,} tokens"
    return " · ".join(filter(None, (f"Sample {i + 1}", outcome, _label(found, 40), count)))


def _label(found: str | None, length: int) -> str:
    """An answer in one line: set where it is a formula, else cut at so many characters."""
    text = " ".join((found or "").split())
    if len(text) <= 2 * length and (tex := formula(text)):
        return tex
    return escape(text if len(text) <= length else text[: length - 3] + "...")


def _exported(kind: str, drawn: Draw) -> downloads.File:
    if drawn.turn is None or not drawn.made:
        raise gr.Error("there is nothing to export yet: sample something", print_exception=False)
    return downloads.File(*export.SAMPLES[kind](drawn.turn, drawn.made, drawn.found))


def build(desk: Desk, knobs: Controls) -> None:
    """Draw the tab and join it to the handlers."""
    sampler = Sampler(desk)
    asked = question.build(desk, "ampo-sample")
    most = desk.limits.samples
    with gr.Row(elem_classes="ampo-line"):
        k = gr.Slider(1, most, min(8, most), step=1, label="k, samples at once", scale=3, min_width=160)
        run = gr.Button("Sample", variant="primary", scale=1, min_width=110, elem_id="ampo-sample-run")
        halt = gr.Button("Stop", variant="stop", scale=1, min_width=110, visible=False, elem_id="ampo-sample-stop")
    summary = gr.Markdown(latex_delimiters=DELIMITERS, elem_id="ampo-votes")  # it sets the formulas in the labels
    with gr.Row(elem_classes="ampo-line"):
        marked = gr.Checkbox(False, label="Mark what differs from sample 1", scale=3, min_width=200)
        exports = {kind: gr.Button(kind, size="sm", min_width=60, scale=1) for kind in export.SAMPLES}
    opened = gr.Markdown(latex_delimiters=DELIMITERS, elem_id="ampo-samples")
    drawn = gr.State(Draw())
    shown = [summary, opened, drawn, run, halt]
    making: dict[str, Any] = {"concurrency_limit": desk.concurrency, "concurrency_id": "engine"}
    inputs = [*asked.all, k, *knobs.all]
    event: Any = run.click(sampler.draw, inputs, shown, **making, **heard)
    call = gr.Button(visible=False).click  # nothing on the page sets it off
    call(sampler.for_programs().draw, inputs, shown, api_name="sample", show_progress="hidden", **making)
    marked.input(samples, [drawn, marked], opened, **quick)
    event.then(samples, [drawn, marked], opened, **quick)
    for kind, button in exports.items():
        downloads.join(button, partial(_exported, kind), drawn)
    halt.click(None, None, None, cancels=[event], api_visibility="private").then(sampler.stop, drawn, shown, **quick)
