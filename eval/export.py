"""`ampo export`: a run in the files of other people's viewers and notebooks.

    parquet          responses.parquet: a row a sample, with its problem and each protocol's verdict
    lm-eval-samples  samples_<benchmark>_<date>.jsonl, as lm-eval's --log_samples writes them
    hub-details      details/<model>/<date>/details_<benchmark>_<date>.parquet: lighteval's (doc, model_response,
                     metric), a row a problem
    inspect-log      <benchmark>.json: a log of inspect_ai, an epoch a sample; `inspect view` opens it

Nothing is computed anew: what was judged is what is exported. A response without a verdict is left out, and counted.
"""

# ruff: noqa: ARG001 (one signature for all forms)
from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ampo.errors import UserError, nearest
from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.rundir import RunDir
from ampo.eval.score import problem_of
from ampo.files import dump, well_formed, write
from ampo.parquet import pyarrow_for
from ampo.types import PROTOCOLS, Problem, Protocol

_HUB_ID = re.compile(r"(?:\w[\w.-]*/)?\w[\w.-]*")


class Row(NamedTuple):
    """A judged sample. verdicts: by protocol, the main one first."""

    problem: Problem
    response: ResponseRecord
    verdicts: Mapping[Protocol, VerdictRecord]

    @property
    def main(self) -> VerdictRecord:
        return next(iter(self.verdicts.values()))

    @property
    def right(self) -> float:
        return float(self.main.outcome == "correct")


class Exported(NamedTuple):
    """What was written, and how many responses were left out for want of a verdict."""

    files: list[Path]
    left_out: int


def export(run: RunDir, form: str, folder: Path) -> Exported:
    """Write a run into a folder.

    Args:
        run: What is written.
        form: One of FORMS.
        folder: Made where it isn't there.

    Returns:
        The files, and how many responses were left out.

    Raises:
        UserError: The form is unknown, or the run has no verdicts.
    """
    if form not in FORMS:
        raise UserError(f"unknown --to {form!r}: {nearest(form, FORMS, 'it')}")
    rows, left_out = _rows(run)
    if not rows:
        raise UserError(f"{run.path} has no verdicts yet: `ampo score {run.path}` judges its responses")
    config = run.read_config() if run.config.is_file() else {}
    model = str(config.get("model", {}).get("name", run.path.name))
    written = datetime.fromtimestamp(run.responses.stat().st_mtime, UTC)
    folder.mkdir(parents=True, exist_ok=True)
    return Exported(FORMS[form](rows, folder, model, written), left_out)


def _rows(run: RunDir) -> tuple[list[Row], int]:
    problems, verdicts = run.read_problems(), run.read_verdicts()
    rows, left_out = [], 0
    for record in run.read_responses().values():
        if found := verdicts.on(record):
            rows.append(Row(problem_of(problems, record), record, found))
        else:
            left_out += 1
    order = {name: i for i, name in enumerate(problems)}
    return sorted(rows, key=lambda row: (order[row.problem.id], row.response.sample)), left_out


def _by_benchmark(rows: Sequence[Row]) -> dict[str, dict[str, list[Row]]]:
    """Benchmark -> problem -> its samples."""
    found: defaultdict[str, defaultdict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.problem.benchmark or "problems"][row.problem.id].append(row)
    return {name: dict(problems) for name, problems in found.items()}


def _parquet(rows: Sequence[Row], folder: Path, model: str, written: datetime) -> list[Path]:
    flat = []
    for row in rows:
        one: dict[str, Any] = {
            "model": model,
            "benchmark": row.problem.benchmark,
            "problem": row.problem.id,
            "sample": row.response.sample,
            "question": row.problem.question,
            "answer": row.problem.answer,
            "options": list(row.problem.options),
            "response": row.response.text,
            "finish_reason": row.response.finish_reason,
            "prompt_tokens": row.response.prompt_tokens,
            "completion_tokens": row.response.completion_tokens,
            "seed": row.response.seed,
        }
        for protocol in PROTOCOLS:
            verdict = row.verdicts.get(protocol)
            for name in ("outcome", "extracted", "reason", "shown"):
                one[f"{protocol}_{name}"] = getattr(verdict, name, None)
        flat.append(one)
    return [_write_parquet(flat, folder / "responses.parquet")]


def _lm_eval(rows: Sequence[Row], folder: Path, model: str, written: datetime) -> list[Path]:
    files = []
    for benchmark, problems in _by_benchmark(rows).items():
        lines = []
        for number, samples in enumerate(problems.values()):
            problem, texts = samples[0].problem, [row.response.text for row in samples]
            lines.append(
                {
                    "doc_id": number,
                    "doc": {"id": problem.id, "question": problem.question, "answer": problem.answer},
                    "target": problem.answer,
                    "arguments": {"gen_args_0": {"arg_0": problem.question, "arg_1": {}}},
                    "resps": [texts],
                    "filtered_resps": [[row.main.extracted for row in samples]],
                    "filter": samples[0].main.protocol,
                    "metrics": ["avg_at_k"],
                    "avg_at_k": sum(row.right for row in samples) / len(samples),
                }
            )
        file = folder / f"samples_{benchmark}_{written:%Y-%m-%dT%H-%M-%S}.jsonl"
        write(file, "".join(map(dump, lines)))
        files.append(file)
    return files


def _details(rows: Sequence[Row], folder: Path, model: str, written: datetime) -> list[Path]:
    stamp = f"{written:%Y-%m-%dT%H-%M-%S}"
    files = []
    for benchmark, problems in _by_benchmark(rows).items():
        flat = [
            {
                "doc": {
                    "id": samples[0].problem.id,
                    "task_name": benchmark,
                    "query": samples[0].problem.question,
                    "choices": [samples[0].problem.answer],
                    "gold_index": 0,
                },
                "model_response": {
                    "text": [row.response.text for row in samples],
                    "finish_reason": [row.response.finish_reason for row in samples],
                    "completion_tokens": [row.response.completion_tokens for row in samples],
                },
                "metric": {"ampo_avg": sum(row.right for row in samples) / len(samples)},
            }
            for samples in problems.values()
        ]
        name = model if _HUB_ID.fullmatch(model) else re.sub(r"[/\\]", "__", model)
        place = folder / "details" / name / stamp
        place.mkdir(parents=True, exist_ok=True)
        files.append(_write_parquet(flat, place / f"details_{benchmark}_{stamp}.parquet"))
    return files


def _inspect(rows: Sequence[Row], folder: Path, model: str, written: datetime) -> list[Path]:
    from ampo.eval.stats import standard_error

    files = []
    for benchmark, problems in _by_benchmark(rows).items():
        means = [sum(row.right for row in samples) / len(samples) for samples in problems.values()]
        epochs = max(len(samples) for samples in problems.values())
        values = {"accuracy": sum(means) / len(means), "stderr": standard_error(means)}
        log = {
            "version": 2,
            "status": "success",
            "eval": {
                "created": written.isoformat(),
                "task": benchmark,
                "dataset": {"name": benchmark, "samples": len(problems)},
                "model": model,
                "config": {"epochs": epochs},
            },
            "results": {
                "total_samples": len(problems) * epochs,
                "completed_samples": sum(map(len, problems.values())),
                "scores": [
                    {
                        "name": "ampo",
                        "scorer": "ampo",
                        "metrics": {name: {"name": name, "value": value} for name, value in values.items()},
                    }
                ],
            },
            "samples": [_inspect_sample(row, model) for samples in problems.values() for row in samples],
        }
        file = folder / f"{benchmark}.json"
        write(file, json.dumps(log))
        files.append(file)
    return files


def _inspect_sample(row: Row, model: str) -> dict[str, Any]:
    problem, response = row.problem, row.response
    stop = {"length": "max_tokens", "stop": "stop"}.get(response.finish_reason, "unknown")
    value = {"correct": "C", "no_answer": "N", "truncated": "N"}.get(row.main.outcome, "I")
    said = {"role": "assistant", "content": response.text}
    score = {"value": value, "answer": row.main.extracted, "explanation": row.main.reason}
    return {
        "id": problem.id,
        "epoch": response.sample + 1,
        "input": problem.question,
        "choices": list(problem.options) or None,
        "target": problem.answer,
        "messages": [{"role": "user", "content": problem.question}, said],
        "output": {
            "model": model,
            "choices": [{"message": said, "stop_reason": stop}],
            "usage": _usage(response),
        },
        "scores": {"ampo": score | {"metadata": {"outcome": row.main.outcome, "protocol": row.main.protocol}}},
    }


def _usage(response: ResponseRecord) -> dict[str, int] | None:
    """Tokens, where somebody has counted them."""
    asked, said = response.prompt_tokens, response.completion_tokens
    if asked is None or said is None:
        return None
    return {"input_tokens": asked, "output_tokens": said, "total_tokens": asked + said}


def _write_parquet(rows: list[dict[str, Any]], file: Path) -> Path:
    from ampo.files import replacing

    pyarrow = pyarrow_for("writing Parquet files")
    with replacing(file) as stream:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(_well_formed(rows)), stream)
    return file


def _well_formed(value: Any) -> Any:
    """See `ampo.files.well_formed`; of all texts in a row."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, list):
        return [_well_formed(item) for item in value]
    return {key: _well_formed(item) for key, item in value.items()} if isinstance(value, dict) else value


FORMS: dict[str, Callable[[Sequence[Row], Path, str, datetime], list[Path]]] = {
    "parquet": _parquet,
    "hub-details": _details,
    "inspect-log": _inspect,
    "lm-eval-samples": _lm_eval,
}
