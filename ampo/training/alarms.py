"""What people look for while a run is under way, looked for in its metrics: one line for each thing that is wrong.

The bounds are rules of thumb, wide enough that a run without trouble is silent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from ampo.errors import UserError

WINDOW = 5
"""Steps that are looked at together."""
HOLE = 3
"""References, no two of them equal, for which one answer is right: two may be spelled so that it is both."""


class Alarm(NamedTuple):
    """name: as `log.stop_at` has it. text: for a person, in a line."""

    name: str
    text: str


def alarms(rows: Sequence[Mapping[str, Any]]) -> list[Alarm]:
    """Of a run's steps so far, in their order: what is wrong at the last of them."""
    found = [_one_answer(rows), _no_reward(rows), *_entropy(rows), _length(rows), _cut_off(rows), _not_shown(rows)]
    return [alarm for alarm in found if alarm]


def stopping(rows: Sequence[Mapping[str, Any]], stop_at: Collection[str]) -> Alarm | None:
    """The first alarm at which a run is to stop. rows: its steps so far."""
    return next((alarm for alarm in alarms(rows) if alarm.name in stop_at), None)


def stopped(step: int, alarm: Alarm) -> UserError:
    """What a run that stops says; its checkpoint of that step is written."""
    return UserError(
        f"stopped at step {step}: {alarm.text}. To go on all the same, run the same command with --log.stop_at '[]'"
    )


def _one_answer(rows: Sequence[Mapping[str, Any]]) -> Alarm | None:
    many = rows[-1].get("own/one_answer", 0) if rows else 0
    if many < HOLE:
        return None
    return Alarm(
        "one_answer",
        f"one and the same answer was judged right for {many:.0f} different references: the policy may have found a "
        "hole in the verifier; look at samples.jsonl",
    )


def _no_reward(rows: Sequence[Mapping[str, Any]]) -> Alarm | None:
    last = _last(rows, "own/reward")
    if len(last) < WINDOW or any(value > 0 for value in last):
        return None
    return Alarm(
        "no_reward", f"no response of the last {WINDOW} steps has earned anything: is the format what the model writes?"
    )


def _entropy(rows: Sequence[Mapping[str, Any]]) -> list[Alarm]:
    change = _change(rows, "own/entropy")
    if change is None:
        return []
    before, now = change
    if now < 0.2 * before:
        return [Alarm("entropy", f"entropy has fallen from {before:.3g} to {now:.3g} nats: little is left to explore")]
    if now > 3 * before:
        return [Alarm("entropy", f"entropy has risen from {before:.3g} to {now:.3g} nats: the policy dissolves")]
    return []


def _length(rows: Sequence[Mapping[str, Any]]) -> Alarm | None:
    change = _change(rows, "own/length")
    if change is None or change[1] <= 3 * change[0]:
        return None
    return Alarm("length", f"responses have grown from {change[0]:.0f} to {change[1]:.0f} tokens")


def _cut_off(rows: Sequence[Mapping[str, Any]]) -> Alarm | None:
    return _share(rows, "own/truncated_rate", 0.3, "cut_off", "of responses are cut off: raise rollout.max_tokens")


def _not_shown(rows: Sequence[Mapping[str, Any]]) -> Alarm | None:
    return _share(
        rows, "own/not_shown_rate", 0.1, "not_shown", "of verdicts rest on what could not be read or compared"
    )


def _share(rows: Sequence[Mapping[str, Any]], metric: str, most: float, name: str, what: str) -> Alarm | None:
    last = _last(rows, metric)
    if len(last) < WINDOW or fmean(last) <= most:
        return None
    return Alarm(name, f"{fmean(last):.0%} {what}")


def _last(rows: Sequence[Mapping[str, Any]], metric: str) -> list[float]:
    return [row[metric] for row in rows[-WINDOW:] if metric in row]


def _change(rows: Sequence[Mapping[str, Any]], metric: str) -> tuple[float, float] | None:
    """Means of the first and the last steps; None while they are the same ones."""
    values = [row[metric] for row in rows if metric in row]
    return (fmean(values[:WINDOW]), fmean(values[-WINDOW:])) if len(values) >= 2 * WINDOW else None
