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


def own_metrics(groups: Sequence[Group], rewards: Sequence[Sequence[float]]) -> dict[str, float]:
    """own/reward, accuracy, length (mean tokens), truncated_rate; solved_none, _some, _all: shares of prompts."""
    responses = [r for group in groups for r in group.responses]
    solved = [sum(r.correct for r in group.responses) for group in groups]
    full = [len(group.responses) for group in groups]
    return {
        "own/reward": fmean(r for group in rewards for r in group),
        "own/accuracy": fmean(r.correct for r in responses),
        "own/length": fmean(len(r.ids) for r in responses),
        "own/truncated_rate": fmean(r.finish_reason == "length" for r in responses),
        "own/no_answer_rate": fmean(r.outcome == "no_answer" for r in responses),
        "own/timeout_rate": fmean(r.outcome == "timeout" for r in responses),
        "own/solved_none": fmean(n == 0 for n in solved),
        "own/solved_some": fmean(0 < n < of for n, of in zip(solved, full, strict=True)),
        "own/solved_all": fmean(n == of for n, of in zip(solved, full, strict=True)),
    }


def mixed_metrics(groups: Sequence[Sequence[MixedRow]]) -> dict[str, float]:
    """mixed/reward, length; replaced: share of rows; advantage_std; silent: share of groups that teach nothing."""
    rows = [row for group in groups for row in group]
    silent = [not any(row.advantage for row in group) for group in groups]
    return {
        "mixed/reward": fmean(row.reward for row in rows),
        "mixed/length": fmean(len(row.response_ids) for row in rows),
        "mixed/replaced": fmean(row.is_teacher for row in rows),
        "mixed/silent_groups": fmean(silent),
    }


def guidance_metrics(decisions: Sequence[Decision], n_prompts: int) -> dict[str, float]:
    """trigger_rate; empty_pool and ties: shares of triggered prompts, and of those where there was a choice;
    score_mean and score_hist_0..9: of the scored candidates; win/<teacher>: shares of the replaced rows."""
    triggered = len(decisions)
    scored = [d for d in decisions if d.scores]
    scores = [score for d in scored for score in d.scores]
    bins = Counter(min(int(score * BINS), BINS - 1) for score in scores)
    wins = Counter(source for d in decisions for source in d.sources)
    metrics = {
        "guidance/trigger_rate": triggered / max(n_prompts, 1),
        "guidance/empty_pool": fmean(not d.candidates for d in decisions) if decisions else 0.0,
        "guidance/ties": fmean(d.tied for d in scored) if scored else 0.0,
        "guidance/scored": float(len(scores)),
    }
    if scores:
        metrics["guidance/score_mean"] = fmean(scores)
        metrics |= {f"guidance/score_hist_{i}": float(bins[i]) for i in range(BINS)}
    return metrics | {f"guidance/win/{name}": n / wins.total() for name, n in sorted(wins.items())}


def mean_of_updates(updates: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Over the updates of a step, under update/."""
    names = dict.fromkeys(name for update in updates for name in update)
    return {f"update/{n}": fmean(update[n] for update in updates if n in update) for n in names} | {
        "update/updates": float(len(updates))
    }
