"""What the tab Compare does: it asks two sides, over one or more turns, and takes the vote.

A vote is on all that was said, and ends the comparison.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from copy import copy
from dataclasses import replace
from typing import Any

import gradio as gr

from ampo.app import controls, downloads, export, render, votes
from ampo.app.answers import Ask, answers, judged, seeded, stopped
from ampo.app.controls import PRESETS, preset_text
from ampo.app.desk import Desk
from ampo.app.match import Match
from ampo.app.plain import Plain
from ampo.app.question import read
from ampo.conversation import MAX_TURNS, Conversation, Turn
from ampo.errors import UserError
from ampo.types import Request, SamplingParams

Update = tuple[Any, ...]
Drawings = Mapping[str, render.Drawing]
SAME = "as in the menu"
PROMPTS = (SAME, *(name for name in PRESETS if name != "Own"))


class Comparison:
    """The handlers of the tab."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._drawing: Callable[[], render.Drawing] = render.Live

    def for_programs(self) -> Comparison:
        """The same for programs: texts as they were written."""
        other = copy(self)
        other._drawing = Plain
        return other

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
        return self._shown(await self._judged(match.answered(made)))

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
        return self._shown(replace(match, vote=said))

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
        drawings = {side: self._drawing() for side in asks}
        try:
            async with aclosing(answers(asks)) as stream:
                async for made in stream:
                    if not owners.has(key, mine):
                        return
                    match = match.answered(made)
                    if match.running:
                        yield self._shown(match, drawings)
            yield self._shown(await self._judged(match))
        finally:
            owners.leave(key, mine)

    async def _judged(self, match: Match) -> Match:
        turns = {side: await judged(self.desk.verifier, talk.turns[-1]) for side, talk in match.talks}
        return match.answered({side: turn.answer for side, turn in turns.items() if turn.answer})

    def _shown(self, match: Match, drawings: Drawings | None = None) -> Update:
        """Left and right side, who they are, the match itself, run, go on, stop, and the row of votes."""
        drawings = drawings or {side: self._drawing() for side in match.order}
        left, right = (match.messages(side, drawings[side]) for side in match.order)
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


def exported(kind: str, match: Match) -> downloads.File:
    """The comparison as a file."""
    if not match.talks or match.running:
        raise gr.Error("there is nothing to export yet: compare something", print_exception=False)
    if match.hidden:
        raise gr.Error("the sides are hidden until the vote: vote first", print_exception=False)
    return downloads.File(*export.COMPARISONS[kind](match))
