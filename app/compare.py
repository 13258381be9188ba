"""The tab that sets two sides side by side: two models, or two settings of one, open or blind, over one or more turns.

A vote is on all that was said, and ends the comparison.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from ampo.app import controls, downloads, export, question, render, votes
from ampo.app.answers import Ask, answers, judged, seeded, stopped
from ampo.app.controls import PRESETS, Controls, heard, preset_text, quick
from ampo.app.desk import Desk
from ampo.app.markdown import DELIMITERS
from ampo.app.match import VERDICTS, Match
from ampo.app.question import read
from ampo.conversation import MAX_TURNS, Conversation, Turn
from ampo.errors import UserError
from ampo.types import Request, SamplingParams

Update = tuple[Any, ...]
Lives = dict[str, render.Live]
SAME = "as in the menu"
PROMPTS = (SAME, *(name for name in PRESETS if name != "Own"))


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
            turn = read(text, gold, kind, system, self.desk.limits)
            params = seeded(controls.read(knobs, self.desk.limits))
            match, asks = self._match(turn, params, {"a": a, "b": b}, bool(blind))
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        async for update in self._answers(match, asks, f"compare {page.session_hash}"):
            yield update

    async def go_on(self, question: str, gold: str, kind: Any, match: Match, page: gr.Request) -> AsyncIterator[Update]:
        """A further question to both, each with its own history and settings."""
        try:
            if not match.goes_on:
                raise UserError("there is no comparison to go on with: compare two answers first")
            if len(match.talks[0][1].turns) >= MAX_TURNS:
                raise UserError(f"this comparison has {MAX_TURNS} questions: begin a new one")
            turn = read(question, gold, kind, "", self.desk.limits)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        params = {side: made.params for side, made in match.answers().items()}
        match = match.asked(turn)
        async for update in self._answers(match, self._asks(match, params), f"compare {page.session_hash}"):
            yield update

    async def stop(self, match: Match, page: gr.Request) -> Update:
        """After the generation has been ended."""
        self.desk.turns.take(f"compare {page.session_hash}")
        made = {side: stopped(one) for side, one in match.answers().items()}
        return _shown(await self._judged(match.answered(made)))

    def vote(self, said: str, match: Match) -> Update:
        """Save the vote, and tell who is who."""
        if not match.talks or match.running:
            raise gr.Error("there are no two answers to vote on yet", print_exception=False)
        if match.vote:
            raise gr.Error("the vote has been given already", print_exception=False)
        if match.failed:
            raise gr.Error("a side has failed: there is nothing to vote on", print_exception=False)
        names: dict[str, str] = dict(zip(("left", "right"), match.order, strict=True))
        value: Any = names.get(said, said)
        engines = dict(match.engines)
        sides = {side: (self.desk.engines[engines[side]], talk) for side, talk in match.talks}
        try:
            votes.append(self.desk.votes, votes.record(value, sides, match.order, match.blind))
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error
        return _shown(replace(match, vote=said))

    def _match(
        self, turn: Turn, params: SamplingParams, sides: dict[str, Any], blind: bool
    ) -> tuple[Match, dict[str, Ask]]:
        talks, engines, own = {}, {}, {}
        for side, (name, prompt, temperature) in sides.items():
            if name not in self.desk.engines:
                raise UserError(f"there is no model {name!r} here")
            system = turn.system if prompt == SAME else preset_text(prompt, "")
            heat = params.temperature if temperature in ("", None) else temperature
            own[side] = replace(params, temperature=controls.heat(heat, self.desk.limits))
            talks[side] = Conversation(turns=(replace(turn, system=system),))
            engines[side] = name
        order = ("b", "a") if blind and secrets.randbits(1) else ("a", "b")
        match = Match(tuple(talks.items()), tuple(engines.items()), order, blind)
        return match, self._asks(match, own)

    def _asks(self, match: Match, params: dict[str, SamplingParams]) -> dict[str, Ask]:
        engines = {side: self.desk.engines[name] for side, name in match.engines}
        return {
            side: Ask(engines[side], Request(f"compare-{side}", talk.messages(), params[side]))
            for side, talk in match.talks
        }

    async def _answers(self, match: Match, asks: dict[str, Ask], key: str) -> AsyncIterator[Update]:
        owners = self.desk.turns
        mine = owners.take(key)
        lives = {side: render.Live() for side in asks}
        try:
            async with aclosing(answers(asks)) as stream:
                async for made in stream:
                    if not owners.has(key, mine):
                        return
                    match = match.answered(made)
                    if match.running:
                        yield _shown(match, lives)
            yield _shown(await self._judged(match))
        finally:
            owners.leave(key, mine)

    async def _judged(self, match: Match) -> Match:
        turns = {side: await judged(self.desk.verifier, talk.turns[-1]) for side, talk in match.talks}
        return match.answered({side: turn.answer for side, turn in turns.items() if turn.answer})


def _shown(match: Match, lives: Lives | None = None) -> Update:
    """Left and right side, who they are, the match itself, run, go on, stop, and the row of votes."""
    left, right = (match.messages(side, (lives or {}).get(side)) for side in match.order)
    running = match.running
    return (
        left,
        right,
        match.who(),
        match,
        gr.Button(visible=not running),
        gr.Button(visible=match.goes_on),
        gr.Button(visible=running),
        gr.Row(visible=not (running or match.vote or match.failed)),
    )


def _exported(kind: str, match: Match) -> downloads.File:
    if not match.talks or match.running:
        raise gr.Error("there is nothing to export yet: compare something", print_exception=False)
    if match.hidden:
        raise gr.Error("the sides are hidden until the vote: vote first", print_exception=False)
    return downloads.File(*export.COMPARISONS[kind](match))


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
        further = gr.Button("Ask both further", scale=1, min_width=130, visible=False, elem_id="ampo-compare-on")
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
    with gr.Row():
        exports = {kind: gr.Button(kind, size="sm", min_width=60) for kind in export.COMPARISONS}
    match = gr.State(Match())
    shown = [left, right, who, match, run, further, halt, row]

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
    again: Any = further.click(
        comparison.go_on, [*asked.all, match], shown, api_name="compare_on", show_progress="hidden", **making
    )
    for kind, button in exports.items():
        downloads.join(button, partial(_exported, kind), match)
    halt.click(None, None, None, cancels=[event, again], api_visibility="private").then(
        comparison.stop, match, shown, **quick
    )
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
