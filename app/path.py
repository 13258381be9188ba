"""How a verdict came about: what was found in the answer, by which rule, what each side was read as, what decided.

Under both of the verifier's protocols, and by a judge where the page has one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from html import escape

from ampo.app.answers import claim_of, judged
from ampo.app.desk import Desk
from ampo.app.render import BADGES, clip
from ampo.conversation import Turn
from ampo.errors import EngineError, UserError
from ampo.types import RULES, Problem, Protocol, Verdict

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One protocol's way. read: what the expected answer and the found one were read as, where that can be told."""

    verdict: Verdict
    read: tuple[str, str] | None = None


async def steps(desk: Desk, turn: Turn) -> AsyncIterator[str]:
    """The way of a turn's verdict as HTML: by the rules at once, with the judge's once it has spoken."""
    if not turn.gold.strip() or turn.answer is None or turn.answer.state in ("running", "failed"):
        yield ""
        return
    found = [step for step in [await _by_rules(desk, turn, protocol) for protocol in RULES] if step]
    if desk.services.judge is None or not found:
        yield shown(turn.gold, found)
        return
    yield shown(turn.gold, found, "the judge is asked ...")
    try:
        problem = Problem("", turn.question, turn.gold.strip(), kind=turn.kind)
        opinion = await asyncio.to_thread(desk.services.judge, problem, turn.answer.text, found[0].verdict)
        yield shown(turn.gold, [*found, Step(opinion)])
    except (UserError, EngineError) as error:
        log.warning("the judge: %s", error)
        yield shown(turn.gold, found, "the judge gave no opinion: it can't be asked, the log says why")


async def _by_rules(desk: Desk, turn: Turn, protocol: Protocol) -> Step | None:
    made = (await judged(desk.verifier, turn, protocol)).answer
    if made is None or made.verdict is None:
        return None
    read = await asyncio.wrap_future(desk.verifier.readings(claim_of(turn, protocol)))
    return Step(made.verdict, read)


def shown(gold: str, found: Sequence[Step], note: str = "") -> str:
    """All ways side by side, as HTML."""
    cards = "".join(map(_card, found))
    more = f'<p class="ampo-wait">{escape(note)}</p>' if note else ""
    return f'<p>Expected: <code>{escape(clip(gold))}</code></p><div class="ampo-cards">{cards}</div>{more}'


def _card(step: Step) -> str:
    verdict = step.verdict
    sign, word = BADGES[verdict.outcome]
    badge = f'<span class="ampo-badge ampo-{verdict.outcome}">{sign} {word}</span>'
    badge = "" if verdict.protocol == "judge" and not verdict.shown else badge  # it doesn't say
    lines = "".join(f"<li>{line}</li>" for line in _lines(step))
    return f'<section class="ampo-card"><h3>protocol {escape(verdict.protocol)} {badge}</h3><ol>{lines}</ol></section>'


def _lines(step: Step) -> list[str]:
    verdict = step.verdict
    if verdict.protocol == "judge":
        return [escape(clip(verdict.reason, 800))]
    by, _, ruled = verdict.reason.partition("; ")
    lines = [f"found nothing: {escape(clip(by))}"]
    if verdict.extracted is not None:
        way = f", by: {escape(clip(by))}" if ruled else ""
        lines = [f"found <code>{escape(clip(verdict.extracted))}</code>{way}"]
    if step.read is not None:
        gold, answer = (escape(clip(side)) for side in step.read)
        lines += [f"the expected answer was read as {gold}", f"the answer was read as {answer}"]
    if verdict.extracted is not None:
        lines.append(f"decided by: {escape(clip(ruled or by))}")
    if not verdict.shown:
        lines.append("<b>not shown</b>: it rests on something that could not be read or compared")
    return lines
