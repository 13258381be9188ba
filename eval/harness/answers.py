"""What the engine said, on disk the moment it says it: a killed run asks nothing twice.

lm-eval's own cache leaves sampled requests out, since it has no place for several answers to the same request. Here
the key is the request and the number of the sample.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ampo.console import Say
from ampo.errors import UserError
from ampo.files import Lines, drop_torn_line, read_jsonl
from ampo.types import FinishReason, Response


class Generated(str):
    """A response's text, as lm-eval passes texts around, that remembers how it ended and how long it was."""

    finish_reason: FinishReason
    completion_tokens: int | None

    def __new__(cls, text: str, finish_reason: FinishReason, completion_tokens: int | None) -> Generated:
        generated = super().__new__(cls, text)
        generated.finish_reason, generated.completion_tokens = finish_reason, completion_tokens
        return generated

    def __getnewargs__(self) -> tuple[str, FinishReason, int | None]:
        return str(self), self.finish_reason, self.completion_tokens


def request_key(*parts: Any) -> str:
    """What a request is known by: the hash of all that its answer depends on."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class Answers:
    """answers.jsonl of a run. Lines: {request, sample, text, ...} for generations, {request, logprob, greedy} else."""

    def __init__(self, file: Path, say: Say) -> None:
        drop_torn_line(file, say)
        file.touch()
        self.generated: dict[tuple[str, int], Generated] = {}
        self.scored: dict[str, tuple[float, bool]] = {}
        for number, row in read_jsonl(file):
            try:
                if "text" in row:
                    key = row["request"], row["sample"]
                    self.generated[key] = Generated(row["text"], row["finish_reason"], row["completion_tokens"])
                else:
                    self.scored[row["request"]] = row["logprob"], row["greedy"]
            except KeyError as error:
                raise UserError(f"{file}:{number} has no {error}: remove that line, it is asked for again") from error
        self._file = Lines(file)

    def __len__(self) -> int:
        return len(self.generated) + len(self.scored)

    def close(self) -> None:
        self._file.close()

    def add_generated(self, request: str, sample: int, seed: int | None, response: Response) -> None:
        """Keep a response: in memory, and as a line of the file.

        Args:
            request: Its key (`request_key`).
            sample: Which of the request's samples, from 0.
            seed: With which the engine drew it; None where it was left to chance.
            response: What the engine answered.

        Raises:
            UserError: The file can't be written.
        """
        self._file.append(
            {
                "request": request,
                "sample": sample,
                "seed": seed,
                "text": response.text,
                "finish_reason": response.finish_reason,
                "prompt_tokens": response.prompt_tokens,
                "completion_tokens": response.completion_tokens,
                "seconds": round(response.seconds, 4),
            }
        )
        self.generated[request, sample] = Generated(response.text, response.finish_reason, response.completion_tokens)

    def add_scored(self, request: str, logprob: float, greedy: bool) -> None:
        self._file.append({"request": request, "logprob": logprob, "greedy": greedy})
        self.scored[request] = logprob, greedy


def gaps(samples: Sequence[int]) -> list[tuple[int, int]]:
    """(first, count) of each stretch of consecutive numbers, which are asked for as one request."""
    stretches: list[tuple[int, int]] = []
    for sample in sorted(samples):
        if stretches and sample == sum(stretches[-1]):
            stretches[-1] = (stretches[-1][0], stretches[-1][1] + 1)
        else:
            stretches.append((sample, 1))
    return stretches
