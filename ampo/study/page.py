"""The study's page, in Markdown: all of it from the findings, whatever they are, with what is missing named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from ampo.study import advice, decide, design, jobs, page_inside, page_task, task
from ampo.study.findings import Findings, begins
from ampo.study.power import Power
from ampo.study.words import figure, interval, percent, points, seeds


def page(found: Findings, power: Sequence[Power], figures: Sequence[str], hardware: str, day: str) -> Iterator[str]:
    """Its lines.

    Args:
        found: What the results say so far.
        power: Of a claim, by its true difference.
        figures: The names of the figures that were drawn.
        hardware: On which it was run.
        day: On which the page is made.
    """
    total, done = len(found.planned), found.done
    yield "# Where does guidance help? A controlled study\n"
    yield f"Made by `ampo study --size {found.size.name}`; every figure comes from `results.json` beside it."
    if done < total:
        yield (
            f"**Partial: as far as it was run on {day}, {done} of {total} jobs.** The same command goes on with the "
            "rest; how many seeds stand behind a figure is said beside it."
        )
    yield ""
    yield from _question()
    yield from _advice(found)
    yield from _map(found, figures)
    yield from _claims(found, power, figures)
    yield from page_task.calibration(found)
    yield from _arms(found, figures)
    yield from page_inside.mechanism(found, figures)
    yield from page_inside.robust(found)
    yield from page_inside.times(found)
    yield from page_task.setting(found, hardware)


def _question() -> Iterator[str]:
    yield (
        "AMPO is for prompts that the policy never gets right although it could: the strategy is missing, "
        "not the skill. "
        "The student here can do every step, and chain them once it has begun to work; but it nearly always answers at "
        "once. How rarely it begins, P0, is set by the share of worked examples in the last phase of its "
        "warm start, and "
        "measured. Where does GRPO stop finding the strategy by itself, and what does guidance add there?\n"
    )


def _advice(found: Findings) -> Iterator[str]:
    yield "## For a practitioner\n"
    yield from (f"{number}. {text}" for number, text in enumerate(advice.sentences(found), 1))
    yield "\nOne small task and a student of under a million parameters: take them as what to try first.\n"


def _map(found: Findings, figures: Sequence[str]) -> Iterator[str]:
    if not found.map:
        return
    yield "## The map: how rarely it begins, against the gain of guidance\n"
    yield "| worked examples | P0 | grpo | ampo | gain, points | seeds |\n| --: | --: | --: | --: | --: | --: |"
    for point in found.map:
        scores = [points(point.scores.get(arm), sign=False) for arm in jobs.MAPPED]
        yield (
            f"| {100 * point.share:g} % | {interval(point.begins)} | {' | '.join(scores)} | {points(point.gain)} | "
            f"{seeds(point.seeds, _planned(found, point.share))} |"
        )
    yield (
        f"\nRight answers on {task.TRAINED} test problems after {found.size.training.steps} steps, in %, with 95 % "
        "intervals over seeds and problems; each row by itself, not corrected for their number. P0: the exact "
        "probability that a response begins with the problem's first digit, as work does, over "
        f"{found.size.test.probe} problems.\n"
    )
    yield from figure(figures, "map.png", "P0 against final accuracy and the gain of guidance")


def _planned(found: Findings, share: float) -> int:
    return found.size.seeds.claim if share == found.size.compared else found.size.seeds.map


def _claims(found: Findings, power: Sequence[Power], figures: Sequence[str]) -> Iterator[str]:
    yield f"## Claims, {found.where}\n"
    yield "| claim | compared | levels | points of pass@1 | seeds | p | corrected | verdict |"
    yield "| :-- | :-- | :-- | --: | --: | --: | --: | :-- |"
    for one in found.claims:
        claim = one.claim
        margin = f" (margin {100 * claim.margin:g})" if claim.margin else ""
        yield (
            f"| {claim.text}{margin} | {claim.better} − {claim.worse} | {', '.join(claim.levels)} | "
            f"{points(one.difference)} | {seeds(one.seeds, found.size.seeds.claim)} | {one.p:.2g} | "
            f"{one.corrected:.2g} | {one.verdict} |"
        )
    yield (
        "\nPaired by seed and problem; Student's t, both sides, corrected for the number of claims by Holm's "
        "procedure. "
        "Supported or refuted: the corrected p is below 0.05. With a margin the claim is that no more than "
        "that is lost. "
        "With one seed nothing is decided.\n"
    )
    yield from figure(figures, "claims.png", "The claims with their intervals")
    yield from _power(found, power)


def _power(found: Findings, power: Sequence[Power]) -> Iterator[str]:
    yield (
        f"What {found.size.seeds.claim} seeds and {found.size.test.problems} problems can tell was simulated before "
        "anything ran: how often a true difference is called supported, alone, and as the first of all claims under "
        "Holm (`ampo.study.power` says what was assumed).\n"
    )
    yield "| true difference, points | alone | corrected |\n| --: | --: | --: |"
    yield from (f"| {100 * p.difference:.0f} | {percent(p.alone)} | {percent(p.corrected)} |" for p in power)
    yield ""


def _arms(found: Findings, figures: Sequence[str]) -> Iterator[str]:
    yield f"## All arms, {found.where}\n"
    yield "| arm | asks | seeds | " + " | ".join(task.LEVELS) + " | works at the end | minus ampo |"
    yield "| :-- | :-- | --: |" + " --: |" * (len(task.LEVELS) + 2)
    if start := found.start(found.size.compared):
        cells = " | ".join(percent(decide.accuracy(start, level)) for level in task.LEVELS)
        yield f"| (start) | | | {cells} | {percent(begins(start).mean)} | |"
    for name, arm in design.arms(found.size).items():
        runs = list(found.runs(name).values())
        counted = seeds(len(runs), found.seeds_planned(name))
        if not runs:
            yield f"| {name} | {arm.asks} | {counted} |" + " – |" * (len(task.LEVELS) + 2)
            continue
        cells = " | ".join(percent(fmean(decide.accuracy(one, level) for one in runs)) for level in task.LEVELS)
        works = percent(fmean(one["curves"]["works"][-1][1] for one in runs))
        minus = "" if name == "ampo" else points(found.compared(name, "ampo", (task.TRAINED,))[1])
        yield f"| {name} | {arm.asks} | {counted} | {cells} | {works} | {minus} |"
    yield (
        "\nRight answers on test problems, in %, with the last weights; no checkpoint is picked. Minus ampo: "
        "points on "
        f"{task.TRAINED} with the 95 % interval over seeds and problems; not corrected, these arms only ask why.\n"
    )
    yield from figure(figures, "learning.png", "Learning curves, the range of the seeds shaded")
