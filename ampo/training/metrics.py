"""Honest metrics of a step: the policy's own responses before replacement, apart from the mixed group it learns from.

The published curves were logged after injection, so they overstate reward, entropy and length. Names: `own/` is the
policy, `mixed/` what is learnt from, `guidance/` who was helped and by whom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean

from ampo.training.rows import Decision, Group, MixedRow

BINS = 10
"""Bins of the histogram of comprehension scores, over [0, 1]."""

_OF_TEACHER_TOKENS = ("teacher_weight", "teacher_prob")


def own_metrics(groups: Sequence[Group], rewards: Sequence[Sequence[float]]) -> dict[str, float]:
    """own/reward, accuracy, length (tokens), truncated_rate, not_shown_rate; solved_none, _some, _all: of prompts."""
    responses = [r for group in groups for r in group.responses]
    solved = [sum(r.correct for r in group.responses) for group in groups]
    full = [len(group.responses) for group in groups]
    return {
        "own/reward": fmean(r for group in rewards for r in group),
        "own/accuracy": fmean(r.correct for r in responses),
        "own/length": fmean(len(r.ids) for r in responses),
        "own/truncated_rate": fmean(r.finish_reason == "length" for r in responses),
        "own/no_answer_rate": fmean(r.outcome == "no_answer" for r in responses),
        "own/not_shown_rate": fmean(not r.shown for r in responses),
        "own/timeout_rate": fmean(r.outcome == "timeout" for r in responses),
        "own/solved_none": fmean(n == 0 for n in solved),
        "own/solved_some": fmean(0 < n < of for n, of in zip(solved, full, strict=True)),
        "own/solved_all": fmean(n == of for n, of in zip(solved, full, strict=True)),
    }


def mixed_metrics(groups: Sequence[Sequence[MixedRow]], *, supervised: bool = False) -> dict[str, float]:
    """mixed/reward, length; replaced: share of rows that are a teacher's; silent_groups: share of groups in which no
    row has an advantage, nor is learnt from without one. supervised: teachers' rows are. Empty without groups."""
    rows = [row for group in groups for row in group]
    if not rows:
        return {}
    silent = [not any(row.advantage or (supervised and row.is_teacher) for row in group) for group in groups]
    return {
        "mixed/reward": fmean(row.reward for row in rows),
        "mixed/length": fmean(len(row.response_ids) for row in rows),
        "mixed/replaced": fmean(row.is_teacher for row in rows),
        "mixed/silent_groups": fmean(silent),
    }


def guidance_metrics(decisions: Sequence[Decision], n_prompts: int) -> dict[str, float]:
    """trigger_rate; empty_pool and ties: shares of triggered prompts, and of those where there was a choice by rank;
    scored: candidates that the policy was asked about; score_mean and score_hist_0..9: of their comprehension scores
    (the ranking `likelihood` has none); win/<teacher>: shares of the replaced rows."""
    triggered = len(decisions)
    ranked = [d for d in decisions if d.ranks]
    scores = [score for d in decisions for score in d.scores]
    bins = Counter(min(int(score * BINS), BINS - 1) for score in scores)
    wins = Counter(source for d in decisions for source in d.sources)
    metrics = {
        "guidance/trigger_rate": triggered / max(n_prompts, 1),
        "guidance/empty_pool": fmean(not d.candidates for d in decisions) if decisions else 0.0,
        "guidance/ties": fmean(d.tied for d in ranked) if ranked else 0.0,
        "guidance/scored": float(sum(len(d.log_probs) for d in decisions)),
    }
    if scores:
        metrics["guidance/score_mean"] = fmean(scores)
        metrics |= {f"guidance/score_hist_{i}": float(bins[i]) for i in range(BINS)}
    return metrics | {f"guidance/win/{name}": n / wins.total() for name, n in sorted(wins.items())}


def mean_of_updates(updates: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Over the updates of a step, under update/: means, those of teacher tokens weighted by the number of these."""
    names = dict.fromkeys(name for update in updates for name in update)
    means = {name: _mean(name, [update for update in updates if name in update]) for name in names}
    known = {f"update/{name}": value for name, value in means.items() if value is not None}
    return known | {"update/updates": float(len(updates))}


def _mean(name: str, updates: Sequence[Mapping[str, float]]) -> float | None:
    """None where it would be the mean of no token."""
    if name not in _OF_TEACHER_TOKENS:
        return fmean(update[name] for update in updates)
    weights = [update["teacher_tokens"] for update in updates]
    return fmean((update[name] for update in updates), weights) if any(weights) else None
