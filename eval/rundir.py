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

import fcntl
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import tomli_w

from ampo.errors import UserError
from ampo.eval.fields import fault
from ampo.files import dump, read_jsonl, without_none, write
from ampo.types import FinishReason, Outcome, Problem, Protocol, Response, SamplingParams, Verdict

Say = Callable[[str], None]
K = TypeVar("K")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """A line of responses.jsonl. `id` is "<problem>#<sample>"; `seed` is what the engine was given for this sample;
    tokens are null where nobody has counted them."""

    id: str
    problem: str
    sample: int
    seed: int | None
    text: str
    finish_reason: FinishReason
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    first_token_seconds: float | None

    @staticmethod
    def of(problem: str, sample: int, seed: int | None, response: Response) -> ResponseRecord:
        return ResponseRecord(
            id=f"{problem}#{sample}",
            problem=problem,
            sample=sample,
            seed=seed,
            text=response.text,
            finish_reason=response.finish_reason,
            prompt_tokens=response.prompt_tokens,
            completion_tokens=response.completion_tokens,
            seconds=round(response.seconds, 4),
            first_token_seconds=response.first_token_seconds and round(response.first_token_seconds, 4),
        )


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """A line of verdicts.jsonl. A line that doesn't say the last two is of an older version.

    shown: as in the verdict.
    mark: of the response that was judged (see `ampo.eval.ledger.mark_of`).
    """

    id: str
    protocol: Protocol
    outcome: Outcome
    extracted: str | None
    reason: str
    seconds: float
    shown: bool = True
    mark: str = ""

    @staticmethod
    def of(response_id: str, verdict: Verdict, mark: str = "") -> VerdictRecord:
        return VerdictRecord(
            response_id,
            verdict.protocol,
            verdict.outcome,
            verdict.extracted,
            verdict.reason,
            round(verdict.seconds, 6),
            verdict.shown,
            mark,
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """A line of judgements.jsonl: a model's second opinion.

    id: of the response. key: what the judgement depends on, a digest of judge and prompt. right: None where the reply
    doesn't say. text: the reply, all of it.
    """

    id: str
    key: str
    judge: str
    form: str
    right: bool | None
    text: str
    completion_tokens: int | None
    seconds: float


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
        problems = (replace(p, options=tuple(p.options)) for p in _records(self.problems, Problem))
        return {problem.id: problem for problem in problems}

    def write_problems(self, problems: Iterable[Problem]) -> None:
        write(self.problems, "".join(dump(asdict(problem)) for problem in problems))

    def scan_responses(self) -> Iterator[ResponseRecord]:
        """Each response in turn; none where there is no file yet."""
        return _records(self.responses, ResponseRecord) if self.responses.exists() else iter(())

    def scan_verdicts(self) -> Iterator[tuple[int, VerdictRecord]]:
        """Each verdict in turn, and the byte at which its line begins."""
        return _placed(self.verdicts, VerdictRecord) if self.verdicts.exists() else iter(())

    def read_responses(self) -> Stored[str, ResponseRecord]:
        """By id, in the order in which they came."""
        return Stored(self.responses, ResponseRecord, lambda record: record.id)

    def iter_responses(self) -> Iterator[ResponseRecord]:
        """Each whole line of responses.jsonl, one at a time."""
        return _records(self.responses, ResponseRecord)

    def response_of(self, line: bytes) -> ResponseRecord:
        """A line of responses.jsonl that `iter_responses` takes."""
        return ResponseRecord(**json.loads(line))

    def read_verdicts(self) -> Mapping[tuple[str, Protocol], VerdictRecord]:
        """By response id and protocol."""
        return verdicts_in(self.verdicts) if self.verdicts.exists() else {}

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

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder, and keep other processes from working in it. The lock dies with its holder."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            stream = (self.path / ".lock").open("w")
        except OSError as error:
            raise UserError(f"cannot write to {self.path} ({error.strerror}): choose another --output-dir") from error
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(f"another process is working in {self.path}: wait for it, or end it") from error
            yield


class Stored(Mapping[K, R]):
    """The records of a JSONL file by their keys, each read from the file whenever it is asked for. What is in memory is
    where they stand. Of two records with a key the later one counts. A file that is replaced meanwhile stays as it was.
    """

    def __init__(self, file: Path, kind: type[R], key: Callable[[R], K]) -> None:
        """Raises UserError for a file that can't be read, and a line that is none of these records."""
        self._kind = kind
        self._places = {key(record): place for place, record in _placed(file, kind)}
        self._stream = file.open("rb")

    def __getitem__(self, key: K) -> R:
        self._stream.seek(self._places[key])
        return self._kind(**json.loads(self._stream.readline()))

    def __iter__(self) -> Iterator[K]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def place(self, key: K) -> int:
        """The byte at which a record's line begins."""
        return self._places[key]

    def __del__(self) -> None:
        with suppress(AttributeError):  # it was never opened
            self._stream.close()


def _filled(config: dict[str, Any]) -> dict[str, Any]:
    defaults = without_none(SamplingParams().to_dict())
    del defaults["n"]  # of each benchmark, as `samples`
    for task in config.get("benchmarks", {}).values():
        if "sampling" in task:
            task["sampling"] = defaults | task["sampling"]
    return config


def verdicts_in(file: Path) -> Stored[tuple[str, Protocol], VerdictRecord]:
    """By response id and protocol."""
    return Stored(file, VerdictRecord, lambda record: (record.id, record.protocol))


def read_judgements(file: Path) -> dict[str, Judgement]:
    """By key, in the order in which they were made; none where there is no file."""
    return {record.key: record for record in _records(file, Judgement)} if file.exists() else {}


def _records(file: Path, kind: type[R]) -> Iterator[R]:
    """Each line as a dataclass; UserError with the line's number for one that isn't."""
    for number, row in read_jsonl(file, growing=True):
        if wrong := fault(row, kind):
            raise UserError(f"{file}:{number} {wrong}: mend or remove that line, or is it of another version?")
        yield kind(**row)


def _placed(file: Path, kind: type[R]) -> Iterator[tuple[int, R]]:
    """As `_records`, each with the byte at which its line begins."""
    places = _places(file)
    for record in _records(file, kind):
        yield next(places), record


def _places(file: Path) -> Iterator[int]:
    """Where each line begins that isn't empty."""
    with file.open("rb") as stream:
        place = 0
        for line in stream:
            if line.strip():
                yield place
            place += len(line)
