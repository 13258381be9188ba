"""A run directory: what was asked, what was answered, how it was judged. Each file is the interface to the next step.

    config.toml       what the run is; a run is resumed only with the same
    environment.json  versions, hardware, model revision, engine settings: what repeating it takes
    problems.jsonl    the problems, so that a run can be judged again without the data set
    responses.jsonl   one line a sample, appended and flushed as each finishes
    verdicts.jsonl    one line a sample and protocol
    judgements.jsonl  where a judge was asked: one line a question, with its reply (see `ampo.eval.judge`)
    looks.jsonl       of an adaptive run: one line a look and benchmark (see `ampo.eval.looks`)
    metrics.json      the statistics (see `ampo.eval.metrics`)

A process killed at any moment leaves at most a torn last line, which the next start drops with a notice.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import tomli_w

from ampo.errors import UserError
from ampo.eval.records import Judgement, ResponseRecord, VerdictRecord
from ampo.eval.stored import Stored, placed, records
from ampo.eval.verdicts import Verdicts
from ampo.files import dump, without_none, write
from ampo.locks import alone_in
from ampo.types import Problem, Protocol, SamplingParams


class RunDir:
    """The files of one run. Raises UserError for a folder that can't be written or read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.toml"
        self.environment = path / "environment.json"
        self.problems = path / "problems.jsonl"
        self.responses = path / "responses.jsonl"
        self.verdicts = path / "verdicts.jsonl"
        self.judgements = path / "judgements.jsonl"
        self.looks = path / "looks.jsonl"
        self.metrics = path / "metrics.json"

    @staticmethod
    def existing(path: Path) -> RunDir:
        """The run in a folder; UserError where there is none."""
        run = RunDir(path)
        if not run.responses.is_file():
            from ampo.eval import elsewhere

            if path.is_dir() and (harness := elsewhere.find(path)):
                raise UserError(
                    f"{path} holds results of {harness.name}, no run of `ampo eval`: `ampo report` shows them"
                )
            raise UserError(f"{path} is no run directory: responses.jsonl is missing (`ampo eval` makes one)")
        return run

    def read_config(self) -> dict[str, Any]:
        """What the run is. Sampling parameters that are newer than the run have their defaults."""
        try:
            return _filled(tomllib.loads(self.config.read_text(encoding="utf-8")))
        except OSError as error:
            raise UserError(f"cannot read {self.config}: {error.strerror or error}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{self.config} is not valid TOML: {error}") from error

    def write_config(self, config: dict[str, Any]) -> None:
        write(self.config, tomli_w.dumps(without_none(config)))

    def read_problems(self) -> dict[str, Problem]:
        problems = (replace(p, options=tuple(p.options)) for p in records(self.problems, Problem))
        return {problem.id: problem for problem in problems}

    def write_problems(self, problems: Iterable[Problem]) -> None:
        write(self.problems, "".join(dump(asdict(problem)) for problem in problems))

    def scan_responses(self) -> Iterator[ResponseRecord]:
        """Each response in turn; none where there is no file yet."""
        return records(self.responses, ResponseRecord) if self.responses.exists() else iter(())

    def scan_verdicts(self) -> Iterator[tuple[int, VerdictRecord]]:
        """Each verdict in turn, and the byte at which its line begins."""
        return placed(self.verdicts, VerdictRecord) if self.verdicts.exists() else iter(())

    def read_responses(self) -> Stored[str, ResponseRecord]:
        """By id, in the order in which they came."""
        return Stored(self.responses, ResponseRecord, lambda record: record.id)

    def response_of(self, line: bytes) -> ResponseRecord:
        """From a whole line of responses.jsonl."""
        return ResponseRecord(**json.loads(line))

    def read_verdicts(self) -> Verdicts:
        """Those there are; none where there is no file."""
        return Verdicts(self.verdicts)

    def read_judgements(self) -> dict[str, Judgement]:
        """By key, in the order in which they were made."""
        return read_judgements(self.judgements)

    def read_metrics(self) -> dict[str, Any]:
        try:
            metrics = json.loads(self.metrics.read_text(encoding="utf-8"))
            if all("n_samples" in row for row in metrics["benchmarks"].values()):
                return metrics
        except OSError as error:
            raise UserError(f"{self.path} has no metrics yet: `ampo score {self.path}` makes them") from error
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # neither JSON, nor what metrics are
        raise UserError(f"{self.metrics} is damaged: `ampo score {self.path}` makes it again")

    def fresh_metrics(self, protocols: Sequence[Protocol]) -> dict[str, Any] | None:
        """The metrics of these protocols, if they were made after the last response and verdict; else None."""
        try:
            made = self.metrics.stat().st_mtime_ns
            if any(file.stat().st_mtime_ns > made for file in (self.responses, self.verdicts)):
                return None
            metrics = self.read_metrics()
        except (OSError, UserError):
            return None
        return metrics if [metrics.get("protocol"), *metrics.get("protocols", ())] == list(protocols) else None

    def read_environment(self) -> dict[str, Any]:
        """For people: empty where it is missing or damaged."""
        try:
            record = json.loads(self.environment.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes from working in the folder, which is made."""
        return alone_in(self.path)


def _filled(config: dict[str, Any]) -> dict[str, Any]:
    defaults = without_none(SamplingParams().to_dict())
    del defaults["n"]  # of each benchmark, as `samples`
    for task in config.get("benchmarks", {}).values():
        if "sampling" in task:
            task["sampling"] = defaults | task["sampling"]
    return config


def read_judgements(file: Path) -> dict[str, Judgement]:
    """By key, in the order in which they were made; none where there is no file."""
    return {record.key: record for record in records(file, Judgement)} if file.exists() else {}
