"""The tab that sets two answers side by side: two models, or two settings of one, open or blind, with a vote.

Blind, the sides are dealt at random and nothing that could tell them apart but their texts is shown before the vote.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import gradio as gr

from ampo.app import controls, question, render, votes
from ampo.app.answers import Ask, answers, judged, seeded, stopped
from ampo.app.controls import PRESETS, Controls, heard, preset_text, quick
from ampo.app.desk import Desk
from ampo.app.markdown import DELIMITERS
from ampo.conversation import Answer, Conversation, Turn
from ampo.errors import UserError
from ampo.types import Request, SamplingParams

Update = tuple[Any, ...]
SAME = "as in the menu"
PROMPTS = (SAME, *(name for name in PRESETS if name != "Own"))
VERDICTS: dict[str, str] = {
    "left": "Left is better",
    "tie": "A tie",
    "right": "Right is better",
    "neither": "Both are bad",
}


@dataclass(frozen=True, slots=True)
class Match:
    """Two answers to one question.

    order: which side, "a" or "b", stands left and which right. engines: the name of each side's.
    vote: what was voted, "" before.
    """

    turns: tuple[tuple[str, Turn], ...] = ()
    engines: tuple[tuple[str, str], ...] = ()
    order: tuple[str, str] = ("a", "b")
    blind: bool = False
    vote: str = ""

    @property
    def hidden(self) -> bool:
        return self.blind and not self.vote

    @property
    def running(self) -> bool:
        return any(turn.answer is None or turn.answer.state == "running" for _, turn in self.turns)

    @property
    def failed(self) -> bool:
        return any(turn.answer is not None and turn.answer.state == "failed" for _, turn in self.turns)


class Comparison:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def run(
        self, text: str, gold: str, kind: Any, blind: bool, a: Any, b: Any, page: gr.Request, *settings: Any
    ) -> AsyncIterator[Update]:
        """Ask both. a, b: each side's (engine, system prompt, temperature), see `side`."""
        system, *knobs = settings
        try:
            turn = question.read(text, gold, kind, system, self.desk.limits)
            params = seeded(controls.read(knobs, self.desk.limits))
            match, asks = self._match(turn, params, {"a": a, "b": b}, bool(blind))
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        async for update in self._answers(match, asks, f"compare {page.session_hash}"):
            yield update

    async def stop(self, match: Match, page: gr.Request) -> Update:
        """After the generation has been ended."""
        self.desk.turns.take(f"compare {page.session_hash}")
        turns = tuple((side, replace(t, answer=stopped(t.answer)) if t.answer else t) for side, t in match.turns)
        return _shown(await self._judged(replace(match, turns=turns)))

    def vote(self, said: str, match: Match) -> Update:
        """Save the vote, and tell who is who."""
        if not match.turns or match.running:
            raise gr.Error("there are no two answers to vote on yet", print_exception=False)
        if match.vote:
            raise gr.Error("the vote has been given already", print_exception=False)
        if match.failed:
            raise gr.Error("a side has failed: there is nothing to vote on", print_exception=False)
        names: dict[str, str] = dict(zip(("left", "right"), match.order, strict=True))
        value: Any = names.get(said, said)
        engines = dict(match.engines)
        sides = {side: (self.desk.engines[engines[side]], turn) for side, turn in match.turns}
        try:
            votes.append(self.desk.votes, votes.record(value, sides, match.order, match.blind))
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        return _shown(replace(match, vote=said))

    def _match(
        self, turn: Turn, params: SamplingParams, sides: dict[str, Any], blind: bool
    ) -> tuple[Match, dict[str, Ask]]:
        turns, engines, asks = {}, {}, {}
        for side, (name, prompt, temperature) in sides.items():
            if name not in self.desk.engines:
                raise UserError(f"there is no model {name!r} here")
            system = turn.system if prompt == SAME else preset_text(prompt, "")
            heat = params.temperature if temperature in ("", None) else temperature
            own = replace(params, temperature=controls.heat(heat, self.desk.limits))
            turns[side] = replace(turn, system=system)
            engines[side] = name
            messages = Conversation(turns=(turns[side],)).messages()
            asks[side] = Ask(self.desk.engines[name], Request(f"compare-{side}", messages, own))
        order = ("b", "a") if blind and secrets.randbits(1) else ("a", "b")
        return Match(tuple(turns.items()), tuple(engines.items()), order, blind), asks

    async def _answers(self, match: Match, asks: dict[str, Ask], key: str) -> AsyncIterator[Update]:
        owners = self.desk.turns
        mine = owners.take(key)
        lives = {side: render.Live() for side in asks}
        try:
            async with aclosing(answers(asks)) as stream:
                async for made in stream:
                    if not owners.has(key, mine):
                        return
                    match = _with(match, made)
                    if match.running:
                        yield _shown(match, lives)
            yield _shown(await self._judged(match))
        finally:
            owners.leave(key, mine)

    async def _judged(self, match: Match) -> Match:
        turns = [(side, await judged(self.desk.verifier, turn)) for side, turn in match.turns]
        return replace(match, turns=tuple(turns))


def _with(match: Match, made: dict[str, Answer]) -> Match:
    return replace(match, turns=tuple((side, replace(turn, answer=made[side])) for side, turn in match.turns))


def _shown(match: Match, lives: dict[str, render.Live] | None = None) -> Update:
    """Left and right answer, who they are, the match itself, run, stop, and the row of votes."""
    turns = dict(match.turns)
    left, right = (_messages(match, turns[side], (lives or {}).get(side)) for side in match.order)
    running = match.running
    return (
        left,
        right,
        _who(match),
        match,
        gr.Button(visible=not running),
        gr.Button(visible=running),
        gr.Row(visible=not (running or match.vote or match.failed)),
    )


def _messages(match: Match, turn: Turn, live: render.Live | None) -> list[render.Message]:
    if match.hidden and turn.answer is not None:  # how long each thought would tell them apart
        turn = replace(turn, answer=replace(turn.answer, thought_seconds=None))
    messages = (live or render.Live()).messages([turn])[1:]  # the question stands above
    finished = turn.answer is not None and turn.answer.state != "running"
    if not (match.hidden and finished):
        return messages
    failed = turn.answer is not None and turn.answer.state == "failed"
    about = [render.message("assistant", '<div class="ampo-error">this side has failed</div>')] if failed else []
    return messages[:-1] + about  # the footer names times and counts, an error the engine


def _who(match: Match) -> str:
    if match.hidden and match.failed:
        return "<p>A side has failed: there is no vote.</p>"
    if match.hidden:
        return "<p>Who is who is told after the vote.</p>"
    cells = []
    engines, turns = dict(match.engines), dict(match.turns)
    for place, side in zip(("Left", "Right"), match.order, strict=True):
        turn, name = turns[side], f"{place} is {side.upper()}"
        heat = f", temperature {turn.answer.params.temperature:g}" if turn.answer and turn.answer.model else ""
        prompt = f", system prompt “{escape(turn.system[:60])}”" if turn.system else ""
        cells.append(f"<b>{name}</b>: {escape(engines[side])}{heat}{prompt}")
    vote = f"<br>Your vote: <b>{VERDICTS[match.vote]}</b>, saved." if match.vote else ""
    return f"<p>{'<br>'.join(cells)}{vote}</p>"


def build(desk: Desk, knobs: Controls) -> None:
    """Draw the tab and join it to the handlers."""
    comparison = Comparison(desk)
    asked = question.build(desk, "ampo-compare")
    names = list(desk.engines)
    with gr.Row():
        a, b = _side("A", names, names[0], "None"), _side("B", names, names[-1], "The authors'")
    with gr.Row(elem_classes="ampo-line"):
        blind = gr.Checkbox(
            False, label="Blind: sides are dealt at random, names told after the vote", scale=3, min_width=200
        )
        run = gr.Button("Compare", variant="primary", scale=1, min_width=110, elem_id="ampo-compare-run")
        halt = gr.Button("Stop", variant="stop", scale=1, min_width=110, visible=False, elem_id="ampo-compare-stop")
    with gr.Row(elem_classes="ampo-answer"):
        left, right = (
            gr.Chatbot(
                label=place,
                height="auto",
                min_height=80,
                max_height="65vh",
                latex_delimiters=DELIMITERS,
                buttons=["copy"],
                layout="panel",
                allow_tags=False,
                min_width=300,
                elem_id=f"ampo-{place.lower()}",
            )
            for place in ("Left", "Right")
        )
    who = gr.HTML(elem_id="ampo-who")
    with gr.Row(visible=False, elem_id="ampo-vote") as row:
        buttons = {said: gr.Button(label, min_width=120) for said, label in VERDICTS.items()}
    match = gr.State(Match())
    shown = [left, right, who, match, run, halt, row]

    @controls.named
    async def go(
        question: str,
        gold: str,
        kind: Any,
        blindly: bool,
        left_model: str,
        left_system: str,
        left_temperature: str,
        right_model: str,
        right_system: str,
        right_temperature: str,
        page: gr.Request,
        *settings: Any,
    ) -> AsyncIterator[Update]:
        sides = (left_model, left_system, left_temperature), (right_model, right_system, right_temperature)
        async for update in comparison.run(question, gold, kind, blindly, *sides, page, *settings):
            yield update

    making: dict[str, Any] = {"concurrency_limit": desk.concurrency, "concurrency_id": "engine"}
    inputs = [*asked.all, blind, *a, *b, *knobs.all]
    event: Any = run.click(go, inputs, shown, api_name="compare", show_progress="hidden", **making)
    halt.click(None, None, None, cancels=[event], api_visibility="private").then(comparison.stop, match, shown, **quick)
    for said, button in buttons.items():
        button.click(comparison.vote, [gr.State(said), match], shown, **heard)


def _side(side: str, names: list[str], name: str, prompt: str) -> list[Any]:
    """One side's settings: engine, system prompt, temperature. Which side stands left is another matter."""
    with gr.Column(min_width=260), gr.Group():
        engine = gr.Dropdown(names, value=name, label=f"{side}: model", visible=len(names) > 1)
        with gr.Row():
            system = gr.Dropdown(
                list(PROMPTS), value=SAME if len(names) > 1 else prompt, label=f"{side}: system prompt", min_width=130
            )
            temperature = gr.Textbox("", label=f"{side}: temperature", min_width=90, max_length=8, placeholder=SAME)
    return [engine, system, temperature]
