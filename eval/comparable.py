"""Whether runs may be compared, and what differs between them.

A comparison tells what one change does. So one of three things may differ between two runs: the model, the prompt, or
the sampling; it is named. Where more than one does, the difference can't be put down to any of them, and the runs are
refused unless the user allows it. Responses are always judged by one protocol, the same for all runs, and a problem
counts only where both runs asked the same question with the same reference answer. The number of samples and the seed
may differ: neither moves what is estimated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ampo.errors import UserError
from ampo.eval import elsewhere, extraction, looks
from ampo.eval.doubtful import doubtful, doubtful_note
from ampo.eval.ledger import Ledger
from ampo.eval.measure import judged_rows
from ampo.eval.metrics import Judged
from ampo.eval.rundir import RunDir
from ampo.types import PROTOCOLS, Problem, Protocol

Thing = Literal["model", "prompt", "sampling"]


class Setting(NamedTuple):
    """A setting that differs. benchmark: "" where it concerns all of the run. a, b: None where it is not set."""

    thing: Thing
    benchmark: str
    key: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Comparable:
    """Runs that may be compared: the first, and those that are compared with it. Keys of the mappings are their paths.

    rows: the judged samples. models: names. differs: how each further run was asked otherwise than the first.
    notes: what a reader must know, a line each.
    """

    protocol: Protocol
    rows: Mapping[str, Sequence[Judged]]
    models: Mapping[str, str]
    differs: Mapping[str, Sequence[Setting]]
    problems: Mapping[str, Problem]
    notes: Sequence[str]


class _Run(NamedTuple):
    path: str
    config: Mapping[str, Any]
    problems: Mapping[str, Problem]
    folder: RunDir
    ledger: Ledger
    wanted: int

    @property
    def protocols(self) -> set[Protocol]:
        return {protocol for protocol in PROTOCOLS if self.ledger.outcomes[protocol].total()}


def load(
    paths: Sequence[Path],
    protocol: Protocol | None = None,
    allow_different: bool = False,
    without_doubtful: bool = False,
) -> Comparable:
    """The runs in these folders, the first being the one that the others are compared with.

    Args:
        paths: Run directories.
        protocol: Whose verdicts count; None takes the first of `ampo`, `official` that all of them are judged by.
        allow_different: Other problems under the same ids, and settings that differ in more than one thing, are notes
            rather than errors.
        without_doubtful: Leave out the problems that are known to be wrong or doubtful.

    Raises:
        UserError: A folder holds no run, or the runs have no protocol in common or can't be compared.
    """
    runs = _read(paths)
    judge = _protocol(runs, protocol)
    first, *others = runs
    differs = {run.path: list(_settings(first, run)) for run in others}
    changed = {run.path: _changed(first, run) for run in others}
    if not allow_different:
        for run in others:
            _refuse(first, run, differs[run.path], changed[run.path])
    changed_ids = set().union(*changed.values())
    doubts = (
        {name: d for run in runs for name, d in doubtful(run.problems.values()).items()} if without_doubtful else {}
    )
    left_out = changed_ids | doubts.keys()
    rows = {run.path: _rows(run, judge) for run in runs}
    return Comparable(
        protocol=judge,
        rows={path: [row for row in part if row.problem not in left_out] for path, part in rows.items()},
        models={run.path: str(run.config.get("model", {}).get("name", "")) for run in runs},
        differs=differs,
        problems={problem.id: problem for run in reversed(runs) for problem in run.problems.values()},
        notes=[
            *(note for run in runs for note in _notes(run, judge, rows[run.path])),
            *_left_out(changed_ids),
            *(note for run in others if judge != "official" for note in _found_otherwise(first, run)),
            *([doubtful_note(doubts)] if without_doubtful else []),
        ],
    )


def things(settings: Sequence[Setting]) -> list[Thing]:
    """Which of the three differ."""
    found: list[Thing] = [setting.thing for setting in settings]
    return list(dict.fromkeys(found))


def _read(paths: Sequence[Path]) -> list[_Run]:
    if len(paths) < 2:
        raise UserError("a comparison takes at least two runs: ampo compare RUN RUN")
    folders = [path.expanduser() for path in paths]
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UserError("the same run is given twice: a run doesn't differ from itself")
    for folder in folders:
        if not (folder / "responses.jsonl").is_file() and (harness := elsewhere.find(folder)):
            raise UserError(
                f"{folder} holds results of {harness.name}, which are not paired: compare runs of `ampo eval` "
                "without --harness, or show these side by side with `ampo report`"
            )
    return [_run(RunDir.existing(folder)) for folder in folders]


def _run(run: RunDir) -> _Run:
    config = run.read_config()
    return _Run(str(run.path), config, run.read_problems(), run, Ledger.of(run), looks.wanted(run, config))


def _protocol(runs: Sequence[_Run], asked: Protocol | None) -> Protocol:
    """The protocol that all runs are judged by."""
    for protocol in (asked,) if asked else PROTOCOLS:
        lacking = [run.path for run in runs if protocol not in run.protocols]
        if not lacking:
            return protocol
        if asked:
            raise UserError(
                f"{lacking[0]} is not judged by protocol {asked}: ampo score {lacking[0]} --protocol {asked}"
            )
    unjudged = next((run.path for run in runs if not run.protocols), None)
    if unjudged:
        raise UserError(f"{unjudged} has no verdicts yet: `ampo score {unjudged}` judges its responses")
    judged = "; ".join(f"{run.path} by {', '.join(sorted(run.protocols))}" for run in runs)
    raise UserError(
        f"the runs are judged by different protocols ({judged}), which can't be compared: "
        "`ampo score RUN --protocol ampo` judges a run by another"
    )


def _settings(a: _Run, b: _Run) -> Iterator[Setting]:
    """What differs, but for what doesn't matter: samples, seeds, and benchmarks that one of them lacks."""
    model_a, model_b = a.config.get("model", {}), b.config.get("model", {})
    for key in ("name", "revision"):
        x, y = model_a.get(key), model_b.get(key)
        if x != y and (key == "name" or (x and y and model_a.get("name") == model_b.get("name"))):
            yield Setting("model", "", key, x, y)
    there, here = a.config.get("benchmarks", {}), b.config.get("benchmarks", {})
    things: tuple[Thing, ...] = ("prompt", "sampling")
    for thing in things:
        for name in (name for name in there if name in here):
            x, y = there[name].get(thing, {}), here[name].get(thing, {})
            for key in sorted(x.keys() | y.keys()):
                if x.get(key) != y.get(key):
                    yield Setting(thing, name, key, x.get(key), y.get(key))


def _changed(a: _Run, b: _Run) -> set[str]:
    """Ids under which the runs asked different questions, or expected different answers."""
    common = (i for i in a.problems if i in b.problems)
    return {i for i in common if _content(a.problems[i]) != _content(b.problems[i])}


def _content(problem: Problem) -> tuple[object, ...]:
    return problem.question, problem.answer, problem.options


def _refuse(a: _Run, b: _Run, settings: Sequence[Setting], changed: set[str]) -> None:
    hint = "--allow-different compares"
    if changed:
        raise UserError(
            f"{a.path} and {b.path} have {len(changed)} problems of the same id with another question or answer "
            f"({sorted(changed)[0]}, ...): are they of one data set? {hint} them on the others"
        )
    found = things(settings)
    if len(found) > 1:
        raise UserError(
            f"{b.path} differs from {a.path} in {' and '.join(found)} ({'; '.join(say_settings(settings)[:4])}), "
            f"so a difference could not be put down to either: {hint} them all the same, and says so"
        )


def say_settings(settings: Sequence[Setting]) -> list[str]:
    """Settings that differ, in words: a line each, with the benchmarks that it concerns."""
    where: dict[tuple[str, ...], list[str]] = {}
    for thing, benchmark, key, a, b in settings:
        what = thing if thing == "model" and key == "name" else f"{thing} {key}"
        where.setdefault((what, _short(a), _short(b)), []).append(benchmark)
    return [f"{what}{_among(found)}: {a} → {b}" for (what, a, b), found in where.items()]


def _among(benchmarks: Sequence[str]) -> str:
    if benchmarks == [""]:
        return ""
    return f" ({', '.join(benchmarks) if len(benchmarks) <= 3 else f'{len(benchmarks)} benchmarks'})"


def _short(value: Any) -> str:
    text = "unset" if value is None else " ".join(str(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


def _rows(run: _Run, protocol: Protocol) -> list[Judged]:
    """The judged samples. Classes of answers aren't needed here, so no verifier is started for them."""
    return judged_rows(run.folder, run.problems, run.ledger, protocol, lambda answers, **_: [-1] * len(answers))


def _notes(run: _Run, protocol: Protocol, rows: Sequence[Judged]) -> Iterator[str]:
    there = run.ledger.responses
    if there < run.wanted:
        yield (
            f"{run.path} is unfinished, {there} of {run.wanted} samples: short responses finish first, "
            "so its figures lean"
        )
    unjudged = run.ledger.unjudged([protocol])
    if unjudged:
        yield f"{run.path}: {unjudged} responses have no verdict and are left out; `ampo score {run.path}` judges them"
    unshown = sum(not row.shown for row in rows)
    if unshown:
        yield (
            f"{run.path}: {unshown} of {there} responses were not shown to be wrong, and count as wrong: "
            f"`ampo score {run.path} --judge MODEL` asks a model about them"
        )
    if "adaptive" in run.config:
        yield f"{run.path} was sampled adaptively (--until-ci): problems have different numbers of samples"


def _found_otherwise(a: _Run, b: _Run) -> Iterator[str]:
    if names := extraction.apart(a.config, b.config):
        yield (
            f"{b.path} finds the answers of {', '.join(names)} otherwise than {a.path}: "
            "`ampo score RUN --suite FILE.toml` judges a run by the benchmark's present `extract`"
        )


def _left_out(changed: set[str]) -> Iterator[str]:
    if changed:
        yield f"{len(changed)} problems are left out: under the same id the runs have another question or answer"
