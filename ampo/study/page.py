"""The study's page, in Markdown: all of it from the findings, whatever they are, with what is missing named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, median

from ampo.study import advice, decide, design, jobs, task
from ampo.study.findings import ACCURACIES, Findings, begins, cpu_seconds, rate
from ampo.study.power import Power
from ampo.study.warm_start import GUESSES
from ampo.study.words import counted, percent, points, probability, seeds


def page(found: Findings, power: Sequence[Power], figures: Sequence[str], hardware: str, day: str) -> Iterator[str]:
    """Its lines."""
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
    yield from _calibration(found)
    yield from _arms(found, figures)
    yield from _mechanism(found, figures)
    yield from _robust(found)
    yield from _times(found)
    yield from _setting(found, hardware)


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
            f"| {100 * point.share:g} % | {_interval(point.begins)} | {' | '.join(scores)} | {points(point.gain)} | "
            f"{seeds(point.seeds, _planned(found, point.share))} |"
        )
    yield (
        f"\nRight answers on {task.TRAINED} test problems after {found.size.training.steps} steps, in %, with 95 % "
        "intervals over seeds and problems; each row by itself, not corrected for their number. P0: the exact "
        "probability that a response begins with the problem's first digit, as work does, over "
        f"{found.size.test.probe} problems.\n"
    )
    yield from _figure(figures, "map.png", "P0 against final accuracy and the gain of guidance")


def _planned(found: Findings, share: float) -> int:
    return found.size.seeds.claim if share == found.size.compared else found.size.seeds.map


def _where(found: Findings) -> str:
    """The start that arms are compared at, in words."""
    start = found.start(found.size.compared)
    return f"where P0 is {probability(begins(start).mean)}" if start else "at one start"


def _interval(found: object) -> str:
    mean, low, high = found[:3]  # type: ignore[index]
    return f"{probability(mean)} [{probability(low)}, {probability(high)}]"


def _claims(found: Findings, power: Sequence[Power], figures: Sequence[str]) -> Iterator[str]:
    yield f"## Claims, {_where(found)}\n"
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
    yield from _figure(figures, "claims.png", "The claims with their intervals")
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


def _calibration(found: Findings) -> Iterator[str]:
    if not found.start(found.size.compared):
        return
    yield "## Calibration: the students before any arm\n"
    yield "| worked examples | P0 | groups with none right | level | at once | begun | as it is |"
    yield "| --: | --: | --: | :-- | --: | --: | --: |"
    for share in found.size.starts:
        if not (start := found.start(share)):
            continue
        none = rate([start["groups"], round(start["all_fail"] * start["groups"])])
        for i, level in enumerate(task.LEVELS):
            first = f"{100 * share:g} % | {_interval(begins(start))} | {_share(none)}" if i == 0 else " | | "
            cells = [_share(rate(start[way][level])) for way in ("at_once", "begun")]
            yield f"| {first} | {level} | {' | '.join(cells)} | {percent(decide.accuracy(start, level))} |"
    yield (
        "\nRight answers, in %, with 95 % intervals. At once: of responses without work. Begun: after the "
        "first digit of "
        f"work. Groups: of {found.size.training.n} responses to a {task.TRAINED} problem. Levels: {_levels()}.\n"
    )
    yield from _gate(found)
    if validated := decide.validated(found.size, found.store):
        told = ", ".join(f"{lr:g}: {percent(value)}" for lr, value in sorted(validated.items()))
        yield (
            f"The learning rate was chosen by GRPO on validation, with {100 * found.size.rate.start:g} % "
            "worked examples, "
            f"{counted(found.size.rate.seeds, 'seed')} of {found.size.rate.steps} steps each ({told}); all arms have "
            f"{found.lr:g}.\n"
        )


def _share(found: tuple[float, tuple[float, float]] | None) -> str:
    if found is None:
        return "–"
    value, (low, high) = found
    return f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _levels() -> str:
    return "; ".join(f"{one.name}, {one.terms} numbers up to {one.largest}" for one in task.LEVELS.values())


def _gate(found: Findings) -> Iterator[str]:
    if jobs.gate(found.size) in found.store and found.start(found.size.compared):
        lifted = decide.lifted(found.size, found.store)
        passed = "so the task can tell" if lifted >= found.size.gate.points else "so **the task can't tell**"
        yield (
            f"SFT on {found.size.gate.traces} of the nearest teacher's traces adds {100 * lifted:.1f} points on "
            f"{task.TRAINED} problems {_where(found)} (asked: {100 * found.size.gate.points:.0f}), {passed}.\n"
        )


def _arms(found: Findings, figures: Sequence[str]) -> Iterator[str]:
    yield f"## All arms, {_where(found)}\n"
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
    yield from _figure(figures, "learning.png", "Learning curves, the range of the seeds shaded")


def _mechanism(found: Findings, figures: Sequence[str]) -> Iterator[str]:
    if not found.teachers():
        return
    yield "## Mechanism\n"
    yield "| teacher | score at the start | log p a token | weight of a token | tokens | chosen in ampo | gain alone |"
    yield "| :-- | --: | --: | --: | --: | --: | --: |"
    for row in found.teachers():
        won = found.won(row["teacher"])
        yield (
            f"| {row['teacher']} | {row['score']:.3f} | {row['log_prob']:.2f} | {row['weight']:.3f} | "
            f"{row['tokens']:.0f} | {percent(fmean(won)) if won else '–'} | {points(row['gain'])} |"
        )
    yield (
        "\nScore: the comprehension score. Weight: d f / d log p of a teacher's token, γp / (p + γ)², at "
        "most 0.25, and "
        "0.08 at p = 1, where each token of a failed row weighs 1. Gain alone: points over the start of learning from "
        "that teacher alone.\n"
    )
    yield from _norms(found)
    yield from _figure(figures, "mechanism.png", "Gradients, the beginning, who is chosen, and who helps")


def _norms(found: Findings) -> Iterator[str]:
    runs = [one["curves"] for one in found.runs("ampo").values()]
    ratios = [
        [f[1] / t[1] for t, f in zip(one["teacher_norm"], one["failed_norm"], strict=False) if t[1] > 0]
        for one in runs
        if "teacher_norm" in one
    ]
    if ratios and all(ratios):
        first, whole = fmean(r[0] for r in ratios), median(value for r in ratios for value in r)
        yield (
            f"In guided groups of `ampo` the gradient of the failed rows is {first:.1f} times that of the "
            "teachers' rows at "
            f"the first step, {whole:.1f} times over the run (median).\n"
        )


def _robust(found: Findings) -> Iterator[str]:
    if not any(found.runs(arm, lr=factor * found.lr) for arm in jobs.MAPPED for factor in (0.5, 2.0)):
        return
    yield "## Twice and half the learning rate\n"
    yield "| learning rate | grpo | ampo | ampo minus grpo | seeds |\n| --: | --: | --: | --: | --: |"
    for factor in (0.5, 1.0, 2.0):
        lr = factor * found.lr
        cells = [
            percent(fmean(decide.accuracy(one) for one in runs.values())) if (runs := found.runs(arm, lr=lr)) else "–"
            for arm in jobs.MAPPED
        ]
        n, gain = found.compared("ampo", "grpo", (task.TRAINED,), lr=lr)
        planned = found.size.seeds.claim if factor == 1 else found.size.seeds.robust
        yield f"| {lr:g} | {' | '.join(cells)} | {points(gain)} | {seeds(n, planned)} |"
    yield ""


def _times(found: Findings) -> Iterator[str]:
    if not any(found.runs(name) for name in design.arms(found.size)):
        return
    yield "## Time to a given accuracy\n"
    heads = [f"{100 * a:.0f} %: steps, tokens, CPU seconds" for a in ACCURACIES]
    yield f"| arm | {' | '.join(heads)} | CPU seconds in all |\n| :-- | {'--: | ' * len(heads)}--: |"
    for name in design.arms(found.size):
        if not (runs := list(found.runs(name).values())):
            continue
        cells = []
        for times in found.times(name).values():
            reached = [one for one in times if one]
            means = [fmean(one[what] for one in reached) for what in ("steps", "tokens", "seconds")] if reached else []
            share = f" ({len(reached)} of {len(times)} seeds)" if len(reached) < len(times) else ""
            cells.append(", ".join(f"{value:,.0f}" for value in means) + share if means else "never")
        yield f"| {name} | {' | '.join(cells)} | {fmean(map(cpu_seconds, runs)):,.0f} |"
    yield (
        "\nAccuracy of the student's own responses to training problems, over four steps; tokens: that it "
        "sampled; means "
        "over the seeds that got there. CPU seconds in all: without testing.\n"
    )


def _setting(found: Findings, hardware: str) -> Iterator[str]:
    size = found.size
    start = found.start(size.compared)
    parameters = f" of {start['parameters'] / 1e6:.1f} million parameters" if start else ""
    yield "## How\n"
    yield (
        f"A decoder{parameters} over characters; chained additions and subtractions. Its warm start has two phases: "
        f"{size.student.skill.steps} steps in which {100 * size.student.at_once:.0f} % of the examples answer at once, "
        "the rest work step by step (a few in the words of the teacher `rare`); then "
        f"{size.student.last.steps} steps in which {100 * size.student.last.kept:.0f} % of the examples are worked and "
        "all but their first token is learnt, which is to keep the skill; of the rest all but the share above "
        f"answer at once, and their first token counts {size.student.last.first:g} times, which makes a rare beginning "
        "rarer. "
        f"At once means the right answer on easy problems, and elsewhere a guess below {GUESSES}. All arms of a start "
        "begin with the same weights: seeds differ in the order of prompts and in sampling.\n"
    )
    yield (
        f"{size.training.steps} steps of {size.training.prompts_per_step} prompts with {size.training.n} responses, "
        f"{size.training.problems} training problems of level {task.TRAINED}, {size.test.problems} test "
        "problems a level "
        f"with {size.test.samples} samples each at temperature 1. Four procedural teachers, all right: `own` (the "
        "student's way of working), `rare` (words, hardly seen), `checking` (each step done again backwards, "
        "never seen), "
        "`alien` (mirrored digits and signs of its own, never seen).\n"
    )
    busy = sum(one["cpu_seconds"] for one in found.store.of(found.planned))
    yield (
        f"{found.done} of {len(found.planned)} jobs, {busy / 3600:.1f} hours of processor time, on: {hardware}. "
        "`runs.jsonl` beside this page holds every finished job: `make study` takes them over and does what "
        "is missing.\n"
    )


def _figure(figures: Sequence[str], name: str, title: str) -> Iterator[str]:
    if name in figures:
        yield f"![{title}]({name})\n"
