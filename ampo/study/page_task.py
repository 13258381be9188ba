"""The page's sections on the task: the students before any arm, and what was run."""

from __future__ import annotations

from collections.abc import Iterator

from ampo.study import decide, jobs, task
from ampo.study.findings import Findings, begins, rate
from ampo.study.warm_start import GUESSES
from ampo.study.words import counted, interval, percent


def calibration(found: Findings) -> Iterator[str]:
    """The students before any arm, the gate, and how the learning rate was chosen."""
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
            first = f"{100 * share:g} % | {interval(begins(start))} | {_share(none)}" if i == 0 else " | | "
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
            f"{task.TRAINED} problems {found.where} (asked: {100 * found.size.gate.points:.0f}), {passed}.\n"
        )


def setting(found: Findings, hardware: str) -> Iterator[str]:
    """What was run, on what."""
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
    if size.note:
        yield f"{size.note.strip()}\n"
    busy = sum(one["cpu_seconds"] for one in found.store.of(found.planned))
    yield (
        f"{found.done} of {len(found.planned)} jobs, {busy / 3600:.1f} hours of processor time, on: {hardware}. "
        "`runs.jsonl` beside this page holds every finished job: `make study` takes them over and does what "
        "is missing.\n"
    )
