"""What the page is lent of `eval`: problems, pass@k, run directories, a judge. Of none of them it knows itself."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ampo.cli.lent_training import inside, read_training, training_names
from ampo.errors import UserError
from ampo.files import well_formed

if TYPE_CHECKING:
    from ampo.app.desk import Judge, Run, Services


def services(runs: Path, data_dir: Path | None, judge: Judge | None = None) -> Services:
    """All that is lent. runs: the folder of run directories. judge: a model's opinion, where one is asked for."""
    from functools import lru_cache

    from ampo.app.desk import Services
    from ampo.eval.data import load_problems
    from ampo.eval.stats import pass_at_k
    from ampo.eval.suites import catalogue, resolve

    @lru_cache(maxsize=16)
    def problems(name: str) -> Any:
        from ampo.prompts import load_template

        [benchmark] = resolve([name])
        template = load_template(benchmark.template)
        return [(problem, template) for problem in load_problems(benchmark, data_dir)]

    names = [b.name for b in catalogue()]
    return Services(
        benchmarks=sorted(names, key=lambda name: name != "demo"),
        problems=problems,
        pass_at_k=pass_at_k,
        run_names=lambda: run_names(runs),
        run_states=lambda: run_states(runs),
        read_run=lambda name: read_run(runs, name),
        training_names=lambda: training_names(runs),
        read_training=lambda name: read_training(runs, name),
        judge=judge,
    )


def run_names(root: Path) -> list[str]:
    """The run directories in a folder and one level below, the last changed first."""
    patterns = ("*/responses.jsonl", "*/*/responses.jsonl", "*/problems.jsonl", "*/*/problems.jsonl")
    found = list({f.parent for pattern in patterns for f in root.glob(pattern)})
    found = [folder for folder in found if inside(root, folder)]
    found.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    return [str(folder.relative_to(root)) for folder in found]


def run_states(root: Path) -> dict[str, str]:
    """What is wrong with the runs that can't be shown, in a few words."""
    found = {name: _state(root / name) for name in run_names(root)}
    return {name: state for name, state in found.items() if state}


def _state(folder: Path) -> str:
    for name in ("config.toml", "problems.jsonl", "responses.jsonl"):
        file = folder / name
        if not file.is_file():
            return "no responses yet" if name == "responses.jsonl" else f"broken: no {name}"
        if file.stat().st_size == 0:
            return "no responses yet" if name == "responses.jsonl" else f"broken: {name} is empty"
    try:
        tomllib.loads((folder / "config.toml").read_text("utf-8"))
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError):
        return "broken: config.toml can't be read"
    return ""


def read_run(root: Path, name: str) -> Run:
    """A run by its name. Only one of `run_names` is opened, so that no name leads out of the folder."""
    from ampo.app.desk import Run, RunRow
    from ampo.eval.records import ResponseRecord
    from ampo.eval.rundir import RunDir
    from ampo.types import Verdict

    if name not in run_names(root):
        raise UserError(f"{root} has no run {name!r}: choose one of the list")
    run = RunDir.existing(root / name)
    config, problems, verdicts = run.read_config(), run.read_problems(), run.read_verdicts()

    def row(r: ResponseRecord) -> RunRow:
        found = verdicts.on(r).values()
        return RunRow(
            id=r.id,
            problem=problems[r.problem],
            text=well_formed(r.text),
            finish_reason=r.finish_reason,
            completion_tokens=r.completion_tokens or 0,
            seconds=r.seconds,
            seed=r.seed,
            verdicts=[Verdict(v.outcome, v.extracted, v.reason, v.seconds, v.protocol, v.shown) for v in found],
        )

    rows = [row(r) for r in run.read_responses().values() if r.problem in problems]
    model = config.get("model") or {}
    return Run(name, str(model.get("name", "") if isinstance(model, dict) else model), _summary(run), rows)


def _summary(run: Any) -> list[list[Any]]:
    """A row a benchmark: its figures in per cent; none where it isn't scored yet, or not whole."""
    try:
        return _figures(run.read_metrics()["benchmarks"])
    except (UserError, KeyError, TypeError, IndexError, AttributeError, ZeroDivisionError):
        return []


def _figures(benchmarks: dict[str, Any]) -> list[list[Any]]:
    return [
        [
            name,
            f"{b['n_problems']} × {b['n_samples'] / b['n_problems']:g}",
            f"{100 * b['avg_at_k']:.1f} [{100 * b['ci95'][0]:.1f}, {100 * b['ci95'][1]:.1f}]",
            f"{100 * list(b['pass_at_k'].values())[-1]:.1f}",
            f"{100 * b['maj_at_k']:.1f}",
            f"{100 * b['truncated_rate']:.1f} / {100 * b['no_answer_rate']:.1f} / {100 * b['timeout_rate']:.1f}",
            "" if b["mean_completion_tokens"] is None else f"{b['mean_completion_tokens']:.0f}",
        ]
        for name, b in benchmarks.items()
    ]
