"""Runs as `ampo eval` leaves them, from judged responses that a test writes down: no engine, no verifier."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ampo.eval.ledger import Ledger
from ampo.eval.measure import judged_rows
from ampo.eval.metrics import summarise
from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.rundir import RunDir
from ampo.files import dump
from ampo.types import Problem
from ampo.verify import shared_pool


@pytest.fixture(autouse=True)
def one_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """All evaluations of these tests share a pool: a worker's start takes longer than what most of them judge."""
    for module in ("run", "score"):
        monkeypatch.setattr(f"ampo.eval.{module}.VerifierPool", lambda **_: nullcontext(shared_pool()))


@pytest.fixture
def save_run(tmp_path: Path) -> Callable[..., RunDir]:
    """save_run(name, problems, said, ...) -> the run's directory.

    said: dicts of `problem` and `outcomes` (by protocol), and where a test cares `text`, `extracted`, `reason`,
    `tokens`. wanted: samples of each problem that config.toml asks for; default: as many as there are.
    metrics: whether metrics.json is there.
    """

    def save(
        name: str,
        problems: Sequence[Problem],
        said: Iterable[dict[str, Any]],
        model: str = "some/model",
        wanted: int | None = None,
        temperature: float = 0.6,
        metrics: bool = True,
    ) -> RunDir:
        run = RunDir(tmp_path / name)
        run.path.mkdir(parents=True)
        run.write_problems(problems)
        counts = _write_said(run, said)
        run.write_config(_config(problems, model, wanted or max(counts.values(), default=1), temperature))
        if metrics:
            _write_metrics(run)
        return run

    return save


def _write_said(run: RunDir, said: Iterable[dict[str, Any]]) -> Counter[str]:
    """The samples of each problem."""
    counts: Counter[str] = Counter()
    with run.responses.open("w", encoding="utf-8") as responses, run.verdicts.open("w", encoding="utf-8") as verdicts:
        for row in said:
            sample = counts[row["problem"]]
            counts[row["problem"]] += 1
            name = f"{row['problem']}#{sample}"
            text, tokens = row.get("text", "It is so."), row.get("tokens", 10)
            record = ResponseRecord(name, row["problem"], sample, 7 + sample, text, "stop", 5, tokens, 0.25, None)
            responses.write(dump(asdict(record)))
            for protocol, outcome in row["outcomes"].items():
                found = row.get("extracted"), row.get("reason", "tags; value against value")
                verdicts.write(dump(asdict(VerdictRecord(name, protocol, outcome, *found, 0.01))))
    return counts


def _config(problems: Sequence[Problem], model: str, samples: int, temperature: float) -> dict[str, Any]:
    sampling = {"temperature": temperature, "top_p": 1.0, "max_tokens": 512}
    benchmarks = {
        name: {"problems": n, "samples": samples, "sampling": sampling}
        for name, n in Counter(problem.benchmark for problem in problems).items()
    }
    return {"schema_version": 1, "seed": 0, "model": {"name": model}, "benchmarks": benchmarks}


def _write_metrics(run: RunDir) -> None:
    def classes(answers: Sequence[str | None], **_: Any) -> list[int]:
        seen = list(dict.fromkeys(answers))
        return [-1 if answer is None else seen.index(answer) for answer in answers]

    protocols = run.read_verdicts().protocols
    ledger = Ledger.of(run)
    found = [summarise(judged_rows(run, run.read_problems(), ledger, p, classes)) for p in protocols]
    others = dict(zip(protocols[1:], found[1:], strict=True))
    run.metrics.write_text(json.dumps(found[0] | {"protocol": protocols[0], "protocols": others}), encoding="utf-8")
