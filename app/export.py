"""Conversations, samples and comparisons as files. A conversation as JSON is `Conversation.to_json`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from itertools import zip_longest
from typing import Any

from ampo.app.match import VERDICTS, Match
from ampo.app.render import BADGES, ENDS
from ampo.conversation import Answer, Conversation, Turn


def to_markdown(conversation: Conversation) -> str:
    """All turns with their thoughts, settings and verdicts, the texts as the model wrote them."""
    return "\n\n".join([f"# {conversation.title}", f"*{conversation.started}*", *_turns(conversation)]) + "\n"


def _turns(conversation: Conversation) -> list[str]:
    parts: list[str] = []
    system = None
    for turn in conversation.turns:
        if turn.system != system:
            parts.append(f"**System prompt**\n\n{_quoted(turn.system or 'none')}")
            system = turn.system
        parts += _turn(turn)
    return parts


def _turn(turn: Turn) -> list[str]:
    parts = ["## Question", turn.question]
    if turn.gold:
        parts.append(f"Expected answer: {turn.gold}")
    if turn.answer is not None:
        parts += _answer(turn.answer)
    return parts


def _answer(made: Answer) -> list[str]:
    parts = [f"## {made.model}"]
    if made.thought:
        parts.append(f"**Thought**\n\n{_quoted(made.thought)}")
    parts.append(made.body or f"*{made.error or 'no answer'}*")
    if made.verdict:
        verdict = made.verdict
        word = BADGES[verdict.outcome][1]
        parts.append(f"**Verdict: {word}** (found: {verdict.extracted or 'nothing'}; {verdict.reason})")
    sampling = {k: v for k, v in made.params.to_dict().items() if v not in (None, [])}
    about = ", ".join(f"{name} {value}" for name, value in sampling.items())
    count = f"{made.completion_tokens} tokens in {made.seconds:.1f} s; " if made.completion_tokens else ""
    parts.append(f"*{count}{ENDS[made.state]}; {about}*")
    return parts


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _samples_markdown(turn: Turn, made: Sequence[Answer], found: Sequence[str | None]) -> tuple[str, str]:  # noqa: ARG001
    parts = ["# Samples", *_turn(replace(turn, answer=None))]
    for i, one in enumerate(made, 1):
        first, *rest = _answer(one)
        parts += [f"## Sample {i}: {first.removeprefix('## ')}", *rest]
    return "ampo-samples.md", "\n\n".join(parts) + "\n"


def _samples_json(turn: Turn, made: Sequence[Answer], found: Sequence[str | None]) -> tuple[str, str]:
    question = {name: value for name, value in asdict(turn).items() if name != "answer"}
    rows = [one.to_dict() | {"found": answer} for one, answer in zip_longest(made, found[: len(made)])]
    return "ampo-samples.json", json.dumps(question | {"samples": rows}, indent=1, ensure_ascii=False)


def _samples_csv(turn: Turn, made: Sequence[Answer], found: Sequence[str | None]) -> tuple[str, str]:
    header = ("sample", "question", "gold", "found", "outcome", "state", "tokens", "seconds", "seed", "text")
    rows = []
    for i, (one, answer) in enumerate(zip_longest(made, found[: len(made)]), 1):
        outcome = one.verdict.outcome if one.verdict else ""
        about = (one.completion_tokens, f"{one.seconds:.2f}", one.params.seed)
        rows.append((i, turn.question, turn.gold, answer or "", outcome, one.state, *about, one.text))
    return "ampo-samples.csv", table(header, rows)


SAMPLES = {"Markdown": _samples_markdown, "JSON": _samples_json, "CSV": _samples_csv}


def _match_markdown(match: Match) -> tuple[str, str]:
    parts = ["# A comparison", f"Vote: {VERDICTS.get(match.vote, 'none')}"]
    talks = dict(match.talks)
    for side in match.order:
        parts += [f"# {side.upper()}: {dict(match.engines)[side]}", *_turns(talks[side])]
    return "ampo-comparison.md", "\n\n".join(parts) + "\n"


def _match_json(match: Match) -> tuple[str, str]:
    sides = {side: talk.to_dict() | {"engine": dict(match.engines)[side]} for side, talk in match.talks}
    data = {"order": list(match.order), "blind": match.blind, "vote": match.vote or None, "sides": sides}
    return "ampo-comparison.json", json.dumps(data, indent=1, ensure_ascii=False)


def _match_csv(match: Match) -> tuple[str, str]:
    header = ("turn", "side", "place", "engine", "question", "gold", "outcome", "state", "tokens", "seconds", "text")
    rows = [
        (i, side.upper(), ("left", "right")[match.order.index(side)], dict(match.engines)[side], *_cells(turn))
        for side, talk in match.talks
        for i, turn in enumerate(talk.turns, 1)
    ]
    return "ampo-comparison.csv", table(header, rows)


def _cells(turn: Turn) -> tuple[Any, ...]:
    made = turn.answer or Answer()
    outcome = made.verdict.outcome if made.verdict else ""
    return turn.question, turn.gold, outcome, made.state, made.completion_tokens, f"{made.seconds:.2f}", made.text


COMPARISONS = {"Markdown": _match_markdown, "JSON": _match_json, "CSV": _match_csv}


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """CSV. What a spreadsheet would take for a formula is kept from being one."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_no_formula(cell) for cell in row] for row in rows)
    return text.getvalue()


def _no_formula(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
