"""Where a report's figures come from: a run directory of ours, or another harness's results.

A run that is still under way, or was interrupted, is reported as far as it has come: its statistics are then made
anew from the verdicts that are there, and a note says what is missing. Nothing is written into it.

Other harnesses' results are read into the shape of metrics.json as far as they go (see `ampo.eval.elsewhere`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ampo.errors import UserError
from ampo.eval import elsewhere, looks, paper
from ampo.eval.doubtful import Doubt, doubtful, doubtful_note
from ampo.eval.ledger import Ledger
from ampo.eval.rundir import RunDir
from ampo.types import PROTOCOLS, Protocol


@dataclass(frozen=True, slots=True)
class Shown:
    """A run as it is shown.

    label: names it among those shown together. metrics: as in metrics.json.
    config, environment: what the run directory has of them; empty for figures from elsewhere.
    notes: what a reader of the figures must know, a line each.
    responses: the run directory that holds them; None for figures without. left_out: problems that neither count nor
    are shown.
    """

    label: str
    path: Path
    model: str
    metrics: Mapping[str, Any]
    config: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    responses: RunDir | None = None
    left_out: frozenset[str] = frozenset()

    @property
    def protocols(self) -> dict[str, Mapping[str, Any]]:
        """Protocol -> its statistics, the main one first."""
        return {self.metrics.get("protocol", "ampo"): self.metrics, **self.metrics.get("protocols", {})}


Against = Mapping[str, paper.PaperRow]
"""Label of a run -> the printed row beside it."""


def load(paths: Sequence[Path], without_doubtful: bool = False) -> list[Shown]:
    """The runs in these places, in this order. Raises UserError for a place without, and for a run without verdicts.

    without_doubtful: their figures without the problems that are known to be wrong or doubtful.
    """
    labels = _labels(paths)
    return [_load(path, label, without_doubtful) for path, label in zip(paths, labels, strict=True)]


def against(runs: Sequence[Shown], name: str) -> tuple[dict[str, paper.PaperRow], list[str]]:
    """The printed rows for `--against paper`, `revision`, or `paper:ROW`, and a line for each run without one."""
    table, _, asked = name.partition(":")
    if table not in ("paper", "revision"):
        raise UserError(f"--against {name}: it can be paper, revision (the authors' revised figures), or paper:MODEL")
    names = ", ".join(row.name for row in paper.rows(table))
    if asked and paper.row_of(asked, table) is None:
        raise UserError(f"--against {name}: the {table} has no row {asked!r}; it has {names}")
    found = {run.label: row for run in runs if (row := paper.row_of(asked or run.model, table))}
    missing = [run for run in runs if run.label not in found]
    return found, [
        f"the {table} has no row for {run.model}; --against {table}:MODEL takes another's ({names})" for run in missing
    ]


def _labels(paths: Sequence[Path]) -> list[str]:
    """The folders' names; as much of the paths as it takes where two are the same."""
    parts = [path.expanduser().resolve().parts for path in paths]
    if len(set(parts)) < len(parts):
        raise UserError("the same run is given twice")
    depth = 1
    while len({part[-depth:] for part in parts}) < len(parts):
        depth += 1
    return ["/".join(part[-depth:]) for part in parts]


def _load(path: Path, label: str, without_doubtful: bool) -> Shown:
    path = path.expanduser()
    if not (path / "responses.jsonl").is_file():
        if without_doubtful:
            raise UserError(f"{path} has no responses: --without-doubtful is for runs of `ampo eval`")
        return _elsewhere(path, label)
    run = RunDir.existing(path)
    config = run.read_config() if run.config.is_file() else {}
    doubts = _doubtful(run, config) if without_doubtful else {}
    metrics, notes = _figures(run, config, doubts)
    return Shown(
        label=label,
        path=path,
        model=config.get("model", {}).get("name", label),
        metrics=metrics,
        config=config,
        environment=run.read_environment(),
        notes=(*notes, *([f"{run.path}: {doubtful_note(doubts)}"] if without_doubtful else [])),
        responses=run,
        left_out=frozenset(doubts),
    )


def _elsewhere(path: Path, label: str) -> Shown:
    """Another harness's results: a file of its own, or a folder with one."""
    harness = elsewhere.find(path)
    if harness is None:
        names = ", ".join(harness.name for harness in elsewhere.HARNESSES)
        raise UserError(
            f"{path} is no run directory: responses.jsonl is missing (`ampo eval` makes one), nor are there results of "
            f"another harness ({names})"
        )
    results = harness.read(path)
    return Shown(label, path, str(results["model"] or label), results)


def _figures(run: RunDir, config: Mapping[str, Any], left_out: Collection[str]) -> tuple[Mapping[str, Any], list[str]]:
    """metrics.json where it covers every response that counts; else the statistics of what has been judged."""
    wanted = looks.wanted(run, config)
    made = run.read_metrics() if run.metrics.is_file() and not left_out else None
    if made and _judged(made) == _lines(run.responses):  # so that none is there twice, and no text need be read
        return made, [*_incomplete(run, _judged(made), wanted), *looks.notes(made)]
    ledger = Ledger.of(run)
    notes = [*_incomplete(run, ledger.responses, wanted)]
    if made and _judged(made) == ledger.responses:
        return made, notes + looks.notes(made)
    if not ledger.responses:
        raise UserError(f"{run.path} has no responses yet: run the same `ampo eval` command again")
    metrics = _recount(run, ledger, left_out)
    if unjudged := ledger.unjudged([metrics["protocol"]]):
        notes.append(
            f"{run.path}: {unjudged} of {ledger.responses} responses have no verdict; `ampo score {run.path}` judges"
        )
    elif not notes and not run.metrics.is_file():
        notes.append(f"{run.path} did not come to its end: its figures are made from the verdicts that are there")
    return metrics, notes + looks.notes(metrics)


def _judged(metrics: Mapping[str, Any]) -> int:
    return sum(benchmark["n_samples"] for benchmark in metrics["benchmarks"].values())


def _incomplete(run: RunDir, there: int, wanted: int) -> Iterator[str]:
    if there < wanted:
        yield f"{run.path} is incomplete: {there} of {wanted} samples; `ampo eval` goes on"


def _doubtful(run: RunDir, config: Mapping[str, Any]) -> Mapping[str, Doubt]:
    """The run's problems that are known to be doubtful."""
    if "adaptive" in config:
        raise UserError(
            f"{run.path} was sampled adaptively: its estimates need all problems, leave out --without-doubtful"
        )
    return doubtful(run.read_problems().values())


def _recount(run: RunDir, ledger: Ledger, left_out: Collection[str]) -> dict[str, Any]:
    from ampo.eval.measure import measure
    from ampo.verify import VerifierPool

    protocols: list[Protocol] = [p for p in PROTOCOLS if ledger.outcomes[p].total()]
    if not protocols:
        raise UserError(f"{run.path} has no verdicts yet: `ampo score {run.path}` judges its responses")
    problems = {name: problem for name, problem in run.read_problems().items() if name not in left_out}
    with VerifierPool(eager=False) as pool:
        return measure(run, problems, ledger, protocols, pool)


def _lines(file: Path) -> int:
    """Whole lines; a torn last one doesn't count."""
    with file.open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
