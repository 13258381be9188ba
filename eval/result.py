"""A run as Python sees it: what a script or a notebook asks of a run directory.

Nothing is held but the path: each question is answered from the folder, so that a run of a million responses costs no
memory, and a run that is under way can be looked at.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ampo.errors import MissingExtraError, UserError
from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.rundir import RunDir
from ampo.eval.scores import Scores
from ampo.eval.stored import records
from ampo.terminal import Displayed
from ampo.types import Problem, Protocol, as_protocol

if TYPE_CHECKING:
    import pandas as pd

    from ampo.terminal import Console


class Run(Displayed):
    """A folder that `ampo.evaluate` or `ampo eval` has made. In a notebook it shows itself as a table."""

    def __init__(self, path: str | Path) -> None:
        """Raises UserError for a folder that holds no run."""
        self._folder = RunDir.existing(Path(path).expanduser())

    @property
    def path(self) -> Path:
        """The folder."""
        return self._folder.path

    @property
    def config(self) -> dict[str, Any]:
        """What was asked: the model, the prompts, the sampling."""
        return self._folder.read_config()

    @property
    def environment(self) -> dict[str, Any]:
        """What repeating it takes: versions, hardware, the engine and its settings."""
        return self._folder.read_environment()

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.config.get("model", {}).get("name", ""))

    @property
    def metrics(self) -> Scores:
        """Benchmark -> its statistics, by the first protocol that the run was judged by."""
        raw = self._folder.read_metrics()
        return Scores(raw, raw.get("protocol", "ampo"))

    @property
    def protocols(self) -> dict[str, Scores]:
        """Protocol -> benchmark -> statistics."""
        main = self.metrics
        others = main.raw.get("protocols", {})
        return {main.protocol: main, **{name: Scores(raw, name) for name, raw in others.items()}}

    @property
    def problems(self) -> dict[str, Problem]:
        """The problems by their ids."""
        return self._folder.read_problems()

    @cached_property
    def responses(self) -> Responses:
        """The responses in the order in which they came. Each is read from the folder when it is asked for."""
        return Responses(self._folder)

    def verdicts(self, protocol: str | None = None) -> dict[str, VerdictRecord]:
        """Response id -> its verdict; none on a text that was edited since. protocol: default the run's first."""
        return {record.id: verdict for record, verdict in self._judged(protocol) if verdict}

    def _judged(self, protocol: str | None) -> Iterator[tuple[ResponseRecord, VerdictRecord | None]]:
        judge: Protocol = as_protocol(protocol or self.metrics.protocol)
        verdicts = self._folder.read_verdicts()
        return ((record, verdicts.on(record).get(judge)) for record in self._folder.read_responses().values())

    def to_pandas(self, protocol: str | None = None) -> pd.DataFrame:
        """A row a response: the problem, the text, the verdict.

        Args:
            protocol: Whose verdicts; default the run's first.

        Returns:
            Columns benchmark, problem, sample, question, reference, text, outcome, correct, extracted, reason, shown,
            finish_reason, prompt_tokens, completion_tokens, seconds, seed. What is not judged yet has None.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("pandas", "data", "a run as a DataFrame") from error
        problems = self.problems
        rows = [_row(record, problems.get(record.problem), verdict) for record, verdict in self._judged(protocol)]
        return pd.DataFrame(rows)

    def show(self, console: Console | None = None) -> None:
        from ampo.eval.report import show_metrics

        show_metrics(self.metrics.raw, self.path, console)


class Responses(Sequence[ResponseRecord]):
    """The responses of a run: a sequence that holds where each stands in the file, and no text."""

    def __init__(self, folder: RunDir) -> None:
        self._folder = folder

    def __len__(self) -> int:
        return len(self._offsets)

    @overload
    def __getitem__(self, index: int) -> ResponseRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[ResponseRecord]: ...
    def __getitem__(self, index: int | slice) -> ResponseRecord | list[ResponseRecord]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        with self._folder.responses.open("rb") as stream:
            stream.seek(self._offsets[number])
            return self._folder.response_of(stream.readline())

    def __iter__(self) -> Iterator[ResponseRecord]:
        return records(self._folder.responses, ResponseRecord)

    def __repr__(self) -> str:
        return f"<{len(self)} responses in {self._folder.responses}>"

    @cached_property
    def _offsets(self) -> array[int]:
        """Where each whole line begins."""
        offsets = array("q")
        try:
            with self._folder.responses.open("rb") as stream:
                at = 0
                for line in stream:
                    if line.strip() and line.endswith(b"\n"):
                        offsets.append(at)
                    at += len(line)
        except OSError as error:
            raise UserError(f"cannot read {self._folder.responses}: {error.strerror or error}") from error
        return offsets


def _row(record: ResponseRecord, problem: Problem | None, verdict: VerdictRecord | None) -> Mapping[str, Any]:
    return {
        "benchmark": problem and problem.benchmark,
        "problem": record.problem,
        "sample": record.sample,
        "question": problem and problem.question,
        "reference": problem and problem.answer,
        "text": record.text,
        "outcome": verdict and verdict.outcome,
        "correct": verdict and verdict.correct,
        "extracted": verdict and verdict.extracted,
        "reason": verdict and verdict.reason,
        "shown": verdict and verdict.shown,
        "finish_reason": record.finish_reason,
        "prompt_tokens": record.prompt_tokens,
        "completion_tokens": record.completion_tokens,
        "seconds": record.seconds,
        "seed": record.seed,
    }
