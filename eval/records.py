"""The lines of a run directory's files: a response, a verdict, a model's judgement."""

from __future__ import annotations

from dataclasses import dataclass

from ampo.types import FinishReason, Outcome, Protocol, Response, Verdict


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
        """The line for a response.

        Args:
            problem: The id of what was asked.
            sample: Which of its samples, from 0.
            seed: With which the engine drew it; None where it was left to chance.
            response: What the engine answered.
        """
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
    mark: of the response that was judged (see `ampo.eval.verdicts.mark_of`).
    """

    id: str
    protocol: Protocol
    outcome: Outcome
    extracted: str | None
    reason: str
    seconds: float
    shown: bool = True
    mark: str = ""

    @property
    def correct(self) -> bool:
        return self.outcome == "correct"

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
    doesn't say. text: the reply, all of it. mark: of the response's text, as of a verdict.
    """

    id: str
    key: str
    judge: str
    form: str
    right: bool | None
    text: str
    completion_tokens: int | None
    seconds: float
    mark: str = ""
