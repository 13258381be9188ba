"""Answers in the making: one or several requests at once, as `Answer`s that grow, and the verifier's word on them.

Redrawing costs the machine that also generates, so the pause between two redraws grows with the number of answers
that are on their way in all pages together, and with the length of the text.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from ampo.app.pump import Pump
from ampo.app.session import Transcript, answer, said_before, system_of
from ampo.conversation import UNFINISHED, Answer, State, Turn
from ampo.engines.base import Engine
from ampo.types import Problem, Protocol, Request, SamplingParams
from ampo.verify import Claim, VerifierPool

K = TypeVar("K", bound=Hashable)

PAUSE = 0.1
"""Seconds between two redraws of an answer that is alone: more than an eye needs, less than a page can bear."""
PAUSE_PER_ANSWER = 0.08
LONGEST_PAUSE = 1.0
PAUSE_PER_CHARACTER = 1e-5

_on_their_way = 0  # answers, in all pages; changed by the event loop's thread alone


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to an engine, and the answer that it goes on with, if any."""

    engine: Engine
    request: Request
    before: Answer | None = None


def seeded(params: SamplingParams) -> SamplingParams:
    """The same with a seed: what is not named can't be repeated."""
    return params if params.seed is not None else replace(params, seed=secrets.randbits(31))


async def answers(asks: Mapping[K, Ask]) -> AsyncGenerator[dict[K, Answer]]:
    """All answers so far: at once, when the engine is asked and nothing has come; then whenever there is something new,
    and at least once a second. Closing it aborts them."""
    global _on_their_way
    scripts = {key: Transcript(said_before(ask.request), system_of(ask.request)) for key, ask in asks.items()}
    pump: Pump[K] = Pump({key: partial(answer, ask.engine, ask.request) for key, ask in asks.items()})
    _on_their_way += len(asks)
    try:
        yield {key: _answer(asks[key], script) for key, script in scripts.items()}
        async for batch in pump.batches(lambda: _pause(scripts)):
            for key, event in batch:
                scripts[key].take(event)
            yield {key: _answer(asks[key], script) for key, script in scripts.items()}
    finally:
        _on_their_way -= len(asks)
        pump.close()


def stopped(made: Answer) -> Answer:
    """An answer that its reader has stopped."""
    return replace(made, state="stopped") if made.state == "running" else made


async def judged(pool: VerifierPool, turn: Turn, protocol: Protocol = "ampo") -> Turn:
    """The turn with the verifier's verdict on its answer, where an answer is expected and one is there."""
    made = turn.answer
    if not turn.gold.strip() or made is None or made.state in ("running", "failed"):
        return turn
    verdict = await asyncio.wrap_future(pool.submit(claim_of(turn, protocol)))
    return replace(turn, answer=replace(made, verdict=verdict))


def claim_of(turn: Turn, protocol: Protocol = "ampo") -> Claim:
    """That a turn's answer is the expected one."""
    made = turn.answer or Answer()
    cut = "length" if made.state in UNFINISHED else "stop"
    return Claim.of(Problem("", turn.question, turn.gold.strip(), kind=turn.kind), made.text, cut, protocol)


def _pause(scripts: Mapping[K, Transcript]) -> float:
    text = sum(len(s.text) for s in scripts.values())
    return min(PAUSE + PAUSE_PER_ANSWER * (_on_their_way - 1) + PAUSE_PER_CHARACTER * text, LONGEST_PAUSE)


def _answer(ask: Ask, script: Transcript) -> Answer:
    before, response = ask.before or Answer(), script.response
    told = (response.completion_tokens or 0) if response else 0
    seconds = response.seconds if response else script.seconds
    thought = script.thought_seconds
    return Answer(
        text=script.before + script.text,
        thought=script.thought,
        body=script.body,
        model=ask.engine.model,
        params=ask.request.params,
        state=_state(script),
        prompt_tokens=before.prompt_tokens or (response.prompt_tokens if response else None) or 0,
        completion_tokens=before.completion_tokens + (told or script.steps),
        estimated=before.estimated or not told,
        seconds=before.seconds + seconds,
        first_token_seconds=before.first_token_seconds or script.first_token_seconds,
        thought_seconds=None if thought is None else (before.thought_seconds or 0.0) + thought,
        error=script.error,
        note=script.note,
        logprobs=(*before.logprobs, *script.logprobs),
    )


def _state(script: Transcript) -> State:
    if script.error:
        return "failed"
    if script.response is None:
        return "running"
    known: dict[str, State] = {"stop": "stop", "length": "length", "abort": "stopped"}
    return known.get(script.response.finish_reason, "failed")
