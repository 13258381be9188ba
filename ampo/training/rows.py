"""What passes between rollouts, guidance and the update. Plain frozen data, the same for every backend."""

from __future__ import annotations

from dataclasses import dataclass

from ampo.algorithm.rewards import DeviationFilter
from ampo.guidance.splice import Placement
from ampo.types import FinishReason, Outcome, Solution


@dataclass(frozen=True, slots=True)
class OwnResponse:
    """A response of the policy, judged. ids: its tokens, the end token included where it was generated.

    shown: whether the outcome was shown (see `Verdict`). log_probs: as the engine told them, of each token; empty where
    it doesn't.
    """

    ids: tuple[int, ...]
    text: str
    outcome: Outcome
    finish_reason: FinishReason = "stop"
    shown: bool = True
    log_probs: tuple[float, ...] = ()

    @property
    def correct(self) -> bool:
        return self.outcome == "correct"


@dataclass(frozen=True, slots=True)
class Group:
    """A prompt with its n responses, and what the pool has for it.

    prompt_ids: through the chat template, the assistant's turn opened. answer: the reference answer.
    solutions: those count that are verified and not refused (`ampo.training.refusal`).
    """

    prompt_id: str
    prompt_ids: tuple[int, ...]
    answer: str
    responses: tuple[OwnResponse, ...]
    solutions: tuple[Solution, ...] = ()


@dataclass(frozen=True, slots=True)
class MixedRow:
    """A row to learn from. source: the teacher's name; None is the policy's own response.

    sampled_log_probs: of a row of the policy's own, as the engine told them; empty where it doesn't.
    """

    prompt_ids: tuple[int, ...]
    response_ids: tuple[int, ...]
    reward: float
    advantage: float
    source: str | None = None
    sampled_log_probs: tuple[float, ...] = ()

    @property
    def is_teacher(self) -> bool:
        return self.source is not None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a triggered prompt, for the log.

    positions: the slots that teachers took. candidates: the teachers' names, in the order of the pool.
    chosen: indices of candidates, best first. By candidate, empty where nothing was to be chosen by it:
    scores: comprehension. ranks: what was chosen by, higher is better. log_probs: in nats a token, of the reference
    answer's tokens (ranking `likelihood`: of the whole solution's). answer_tokens: how many of these.
    placements: where the reference answer went, see `ampo.guidance.splice`.
    """

    step: int
    prompt_id: str
    positions: tuple[int, ...]
    candidates: tuple[str, ...]
    scores: tuple[float, ...]
    chosen: tuple[int, ...]
    tied: bool
    ranks: tuple[float, ...] = ()
    log_probs: tuple[float, ...] = ()
    answer_tokens: tuple[int, ...] = ()
    placements: tuple[Placement, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The chosen teachers."""
        return tuple(self.candidates[i] for i in self.chosen)


@dataclass(frozen=True, slots=True)
class GuidedStep:
    """groups: the mixed rows, a group a prompt, without the prompts that RLPR's filter has dropped.

    metrics: see `ampo.training.metrics`. deviations: RLPR's filter, to be handed to the next step.
    """

    groups: tuple[tuple[MixedRow, ...], ...]
    metrics: dict[str, float]
    decisions: tuple[Decision, ...] = ()
    deviations: DeviationFilter | None = None
