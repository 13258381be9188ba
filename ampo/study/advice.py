"""Three sentences for a practitioner, each made of the figures that support it; said only where these are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ampo.study import design, task
from ampo.study.analysis import Estimate
from ampo.study.findings import Findings, Point
from ampo.study.words import counted, percent, points, probability

_NOT_YET = "Not run yet: "


def sentences(found: Findings) -> Iterator[str]:
    """Whether, whose, and how."""
    yield _whether(found)
    yield _whose(found)
    yield _how(found)


def _whether(found: Findings) -> str:
    known = [point for point in found.map if point.gain]
    if not known:
        return _NOT_YET + "where guidance is needed."
    rarer, helped, commoner = _parts(known)
    parts = []
    if helped:
        ends = list(dict.fromkeys(probability(point.begins.mean) for point in (helped[0], helped[-1])))
        best = max(helped, key=lambda point: point.gain.mean if point.gain else 0.0)
        parts.append(f"guidance decides where it does in {' to '.join(ends)} of responses ({_both(best)})")
    if commoner:
        parts.append(f"in {probability(commoner[0].begins.mean)} a gain was not shown ({_both(commoner[0])})")
    if rarer:
        steps = found.size.training.steps
        parts.append(f"in {probability(rarer[-1].begins.mean)}, {steps} steps gave no gain either ({_both(rarer[-1])})")
    text = "; ".join(parts)
    return f"**Measure how often the policy begins before anything else**: {text} (map.png)."


def _parts(known: Sequence[Point]) -> tuple[list[Point], list[Point], list[Point]]:
    """The points of the longest run that has a gain, with those before it, at the rare end, and behind it."""
    runs = [(has, list(points)) for has, points in groupby(known, key=lambda p: p.gain is not None and p.gain.low > 0)]
    if not any(has for has, _ in runs):
        return [], [], list(known)
    best = max((i for i, (has, _) in enumerate(runs) if has), key=lambda i: len(runs[i][1]))
    flat = [[point for _, points in part for point in points] for part in (runs[:best], runs[best + 1 :])]
    return flat[0], runs[best][1], flat[1]


def _both(point: Point) -> str:
    scores = ", ".join(f"{arm} {percent(score.mean)}" for arm, score in point.scores.items())
    seeds = counted(point.seeds, "seed")
    return f"{scores}, gain {points(point.gain)}, {seeds}" if point.gain else f"{scores}, {seeds}"


def _whose(found: Findings) -> str:
    known = [(row["teacher"], row["score"], row["gain"]) for row in found.teachers() if row["gain"]]
    if len(known) < 2:
        return _NOT_YET + "whose solutions help."
    best, worst = max(known, key=lambda row: row[2].mean), min(known, key=lambda row: row[2].mean)
    highest = max(known, key=lambda row: row[1])
    agrees = "also the one that" if highest[0] == best[0] else f"not the one that ({highest[0]})"
    return (
        f"**Look for a teacher that the student can follow**: alone, `{best[0]}` gave {points(best[2])} points and "
        f"`{worst[0]}` {points(worst[2])}; the one that gave most is {agrees} the comprehension score puts first "
        "(mechanism.png)."
    )


def _how(found: Findings) -> str:
    arms = [name for name in design.arms(found.size) if name not in ("ampo", "grpo")]
    compared = {arm: found.compared(arm, "ampo", (task.TRAINED,)) for arm in arms}
    known: dict[str, tuple[int, Estimate]] = {arm: (n, d) for arm, (n, d) in compared.items() if d}
    if not known:
        return _NOT_YET + "which way of learning from them does best."
    best = max(known, key=lambda arm: known[arm][1].mean)
    worst = min(known, key=lambda arm: known[arm][1].mean)
    return (
        f"**Try the plain ways too**: where the arms were compared `{best}` differed from `ampo` by "
        f"{points(known[best][1])} points ({counted(known[best][0], 'seed')}), `{worst}` by {points(known[worst][1])} "
        f"({known[worst][0]}), the best and the worst of {len(known)} arms, so rather too far apart (the "
        "table of arms)."
    )
