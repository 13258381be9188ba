"""How long `ampo score` takes for a large run, by stage: judging the responses, and grouping them for the majority.

The run is made up: the problems of the offline benchmarks again and again under new ids, 32 samples of each, about half
of them right and in another dress, the others from a few wrong answers, after a page of reasoning.

    python perf/score.py [--size 19200] [--data-dir FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from ampo.eval.data import load_problems
from ampo.eval.ledger import Ledger
from ampo.eval.measure import write_metrics
from ampo.eval.records import ResponseRecord
from ampo.eval.rundir import RunDir
from ampo.eval.score import judge_all
from ampo.eval.suites import resolve
from ampo.files import Lines, dump
from ampo.types import Problem
from ampo.verify import VerifierPool

SAMPLES = 32
GOAL, _GOAL = "192,000 responses in ten minutes", 192_000 / 600
BENCHMARKS = "aime24,aime25,amc,math500,minerva,olympiadbench"
_DRESS = ("{}", "${}$", "\\boxed{{{}}}", "{}.", "$ {} $", "\\({}\\)")
_THOUGHT = "We look at the terms one by one, and put them together: 3 + 4 = 7, so the next one follows from it. " * 20


def problems(size: int, data_dir: Path | None) -> Iterator[Problem]:
    """So many problems that their samples are `size`."""
    found = [p for b in resolve(BENCHMARKS) for p in load_problems(b, data_dir=data_dir)]
    for i in range(size // SAMPLES):
        problem = found[i % len(found)]
        yield replace(problem, id=f"{problem.id}-{i}")


def responses(of: list[Problem]) -> Iterator[ResponseRecord]:
    source = random.Random(7)
    golds = [problem.answer for problem in of]
    for problem in of:
        others = [source.choice(golds) for _ in range(6)]
        for i in range(SAMPLES):
            right = source.random() < 0.5
            answer = problem.answer if right else others[min(int(source.expovariate(0.7)), 5)]
            dressed = source.choice(_DRESS).format(answer.strip("$"))
            text = f"<think>\n{_THOUGHT}\n</think>\n<answer>{dressed}</answer>"
            yield ResponseRecord(f"{problem.id}#{i}", problem.id, i, i, text, "stop", 100, 500, 1.0, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", type=int, default=19_200, help="responses")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("AMPO_DATA_DIR"))
    options = parser.parse_args()
    asked = list(problems(options.size, options.data_dir))
    with tempfile.TemporaryDirectory() as folder, VerifierPool() as pool:
        run = RunDir(Path(folder))
        run.write_problems(asked)
        run.responses.write_text("".join(dump(asdict(record)) for record in responses(asked)), encoding="utf-8")
        by_id, given = run.read_problems(), run.read_responses()
        start = time.perf_counter()
        with Lines(run.verdicts) as file:
            judge_all(by_id, given, ("ampo",), pool, lambda verdict: file.append(asdict(verdict)), quiet=False)
        judged = time.perf_counter()
        metrics = write_metrics(run, by_id, Ledger.of(run), ("ampo",), pool)
        grouped = time.perf_counter()
    judging, grouping = judged - start, grouped - judged
    scores = {name: round(row["avg_at_k"], 3) for name, row in metrics["benchmarks"].items()}
    row = {"responses": len(given), "judging_s": round(judging, 1), "grouping_s": round(grouping, 1)}
    speed = len(given) / (judging + grouping)
    row |= {"per_second": round(speed), "cores": os.cpu_count(), "pool": asdict(pool.counters), "avg_at_k": scores}
    print(json.dumps(row))
    print(f"ratio: ampo score with the majority vote, {len(given):,} responses: speed | {GOAL} | {speed / _GOAL:.2f}")


if __name__ == "__main__":
    main()
