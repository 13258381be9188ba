"""From judged groups of responses to the mixed rows that a policy learns from: the same for every backend.

Rewards -> trigger and replacement plan -> comprehension scores (one call for all triggered prompts) -> the choice among
the teachers -> mixed groups -> advantages. Pure but for `log_probs`, which asks the policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch

from ampo.algorithm.advantages import group_advantages
from ampo.algorithm.presets import WIDEST, Algorithm
from ampo.algorithm.replacement import ReplacementPlan, is_triggered, plan_replacement
from ampo.algorithm.rewards import DeviationFilter, probability_accuracy, reward
from ampo.guidance.comprehension import (
    Comprehension,
    LogProbFn,
    Query,
    ScoringRow,
    answer_probabilities,
    comprehension_scores,
    likelihood_scores,
)
from ampo.guidance.selection import Candidate, Chosen, needs_scores, select_guidance
from ampo.guidance.splice import SolutionTokenizer, TokenizedSolution
from ampo.training.metrics import guidance_metrics, mixed_metrics, own_metrics
from ampo.training.refusal import refusal
from ampo.training.rows import Decision, Group, GuidedStep, MixedRow
from ampo.types import Solution

_NOBODY = Chosen(())


@dataclass(frozen=True, slots=True)
class _Planned:
    """A group on its way: its own rewards, the solutions that can be used, and what is to happen.

    comprehended, likelihoods: of each solution, where the ranking asks for the one or the other.
    """

    group: Group
    rewards: tuple[float, ...]
    pool: tuple[tuple[Solution, TokenizedSolution], ...]
    plan: ReplacementPlan
    comprehended: tuple[Comprehension, ...] = ()
    likelihoods: tuple[float, ...] = ()
    chosen: Chosen = _NOBODY

    @property
    def scores(self) -> tuple[float, ...]:
        return tuple(c.score for c in self.comprehended)

    @property
    def log_probs(self) -> tuple[float, ...]:
        return self.likelihoods or tuple(c.mean_log_prob for c in self.comprehended)


@dataclass(frozen=True, slots=True)
class Guide:
    """What guidance takes, besides the groups of a step.

    end_ids: what closes a teacher's turn (`ampo.training.turn`). max_response_tokens: a longer solution is no
    candidate. seed: with the step and the prompt's id it makes every draw.
    baselines: RLPR's, by prompt id: the initial model's probability of the bare answer (`answer_baselines`).
    """

    algorithm: Algorithm
    tokenizer: SolutionTokenizer
    log_probs: LogProbFn
    end_ids: tuple[int, ...]
    max_response_tokens: int
    seed: int = 0
    baselines: dict[str, float] = field(default_factory=dict)

    def step(self, groups: Sequence[Group], step: int, deviations: DeviationFilter | None = None) -> GuidedStep:
        """Guide the groups of a step (counted from 1). deviations: RLPR's filter as the last step left it.

        Raises ValueError without groups, for a group without responses, or where which teacher is still to be settled.
        """
        if self.algorithm.teacher == WIDEST:
            raise ValueError(f"algorithm.teacher = {WIDEST!r} is settled from the pool: give a teacher's name")
        if not groups or not all(group.responses for group in groups):
            raise ValueError("a step needs groups, and every group responses")
        rewards = self._rewards(groups)
        planned = [self._plan(group, own, step) for group, own in zip(groups, rewards, strict=True)]
        settled = [self._choose(p, step) for p in self._scored(planned)]
        decisions = tuple(_decision(p, step) for p in settled if p.plan.triggered)
        keep, deviations = self._filter(rewards, step, deviations)
        mixed = tuple(self._mix(p) for p, wanted in zip(settled, keep, strict=True) if wanted)
        metrics = own_metrics(groups, rewards) | guidance_metrics(decisions, len(groups))
        metrics |= mixed_metrics(mixed, supervised=self.algorithm.teacher_loss == "sft")
        if self.algorithm.drops_prompts:
            metrics["own/kept_prompts"] = sum(keep) / len(keep)
        return GuidedStep(mixed, metrics, decisions, deviations)

    def _rewards(self, groups: Sequence[Group]) -> list[tuple[float, ...]]:
        if self.algorithm.reward == "probability":
            accuracies = self._probability_accuracies(groups)
        else:
            accuracies = [[float(r.correct) for r in group.responses] for group in groups]
        return [
            tuple(self._reward(accuracy, r.text) for accuracy, r in zip(found, group.responses, strict=True))
            for found, group in zip(accuracies, groups, strict=True)
        ]

    def _reward(self, accuracy: float, text: str) -> float:
        chosen = self.algorithm
        return reward(accuracy, text, format_reward=chosen.format_reward, repetition_penalty=chosen.repetition_penalty)

    def _probability_accuracies(self, groups: Sequence[Group]) -> list[list[float]]:
        """RLPR: the reference answer's probability after each response, less the initial model's without any."""
        rows: list[ScoringRow] = []
        for group in groups:
            for response in group.responses:
                s = self.tokenizer.response(response.ids, response.text, group.answer)
                rows.append(_answer_row(group.prompt_ids, s.prefix_ids, s.answer_ids, s.scored))
        found = iter(answer_probabilities(self.log_probs, rows))
        return [
            [probability_accuracy(next(found), self.baselines[group.prompt_id]) for _ in group.responses]
            for group in groups
        ]

    def answer_baselines(self, asked: Sequence[tuple[Sequence[int], str]]) -> list[float]:
        """The policy's probability, as it is now, of the bare reference answer after each (prompt ids, answer)."""
        rows = []
        for prompt_ids, answer in asked:
            ids, scored = self.tokenizer.answer_alone(answer)
            rows.append(_answer_row(prompt_ids, (), ids, scored))
        return answer_probabilities(self.log_probs, rows)

    def _plan(self, group: Group, rewards: tuple[float, ...], step: int) -> _Planned:
        correct = [r.correct for r in group.responses]
        pool = self._candidates(group) if is_triggered(correct, self.algorithm) else ()
        plan = plan_replacement(
            correct, len(pool), self.algorithm, seed=self.seed, step=step, prompt_id=group.prompt_id
        )
        return _Planned(group, rewards, pool, plan)

    def _candidates(self, group: Group) -> tuple[tuple[Solution, TokenizedSolution], ...]:
        """The solutions that can be used: verified, of the right teacher, and not refused."""
        teacher, room = self.algorithm.teacher, self.max_response_tokens - len(self.end_ids)
        wanted = (s for s in group.solutions if s.verified and teacher in (None, s.source))
        found = ((s, self.tokenizer.solution(s.content, group.answer)) for s in wanted)
        return tuple((s, t) for s, t in found if not refusal(s, len(t.ids), room, self.algorithm))

    def _scored(self, planned: Sequence[_Planned]) -> list[_Planned]:
        """The groups with what their choice is made by, where there is a choice."""
        asked = [i for i, p in enumerate(planned) if needs_scores(self.algorithm, len(p.pool), p.plan.k)]
        groups = [planned[i].group for i in asked]
        pools = [[tokenized for _, tokenized in planned[i].pool] for i in asked]
        queries = [Query(g.prompt_id, g.prompt_ids, pool) for g, pool in zip(groups, pools, strict=True)]
        scored = list(planned)
        if self.algorithm.selection == "likelihood":
            for i, likelihoods in zip(asked, likelihood_scores(self.log_probs, queries), strict=True):
                scored[i] = replace(planned[i], likelihoods=tuple(likelihoods))
        else:
            found = comprehension_scores(self.log_probs, queries, mean=self.algorithm.score_mean)
            for i, comprehended in zip(asked, found, strict=True):
                scored[i] = replace(planned[i], comprehended=tuple(comprehended))
        return scored

    def _choose(self, planned: _Planned, step: int) -> _Planned:
        scores = planned.likelihoods or planned.scores
        candidates = [
            Candidate(len(tokenized.ids), tokenized.formatted, scores[i] if scores else None)
            for i, (_, tokenized) in enumerate(planned.pool)
        ]
        group, plan = planned.group, planned.plan
        chosen = select_guidance(
            candidates, plan.k, self.algorithm, seed=self.seed, step=step, prompt_id=group.prompt_id
        )
        return replace(planned, chosen=chosen)

    def _mix(self, planned: _Planned) -> tuple[MixedRow, ...]:
        """The group with teachers in the places of the plan, and its advantages."""
        places = zip(planned.plan.positions, planned.chosen.indices, strict=True)
        taken = {place: planned.pool[index] for place, index in places}
        rewards = [
            self._reward(1.0, taken[i][0].content) if i in taken else own for i, own in enumerate(planned.rewards)
        ]
        advantages = group_advantages(
            torch.tensor([rewards]),
            divide_by_std=self.algorithm.divide_by_std,
            on_policy_only=self.algorithm.advantage_rows == "on_policy",
            is_teacher=torch.tensor([[i in taken for i in range(len(rewards))]]),
        )
        rows = []
        for i, (response, earned) in enumerate(zip(planned.group.responses, rewards, strict=True)):
            ids, source, told = response.ids, None, response.log_probs
            if i in taken:
                solution, tokenized = taken[i]
                ids, source, told = (*tokenized.ids, *self.end_ids), solution.source, ()
            rows.append(MixedRow(planned.group.prompt_ids, ids, earned, advantages[0, i].item(), source, told))
        return tuple(rows)

    def _filter(
        self, rewards: Sequence[Sequence[float]], step: int, before: DeviationFilter | None
    ) -> tuple[list[bool], DeviationFilter | None]:
        chosen = self.algorithm
        if not chosen.drops_prompts:
            return [True] * len(rewards), None
        before = before or DeviationFilter(
            chosen.deviation_beta, chosen.deviation_ratio, chosen.deviation_average_from, chosen.deviation_from_step
        )
        deviations = [torch.tensor(own).std(correction=0).item() for own in rewards]
        after, keep = before.update(deviations, step)
        return keep, after


def _answer_row(prompt_ids: Sequence[int], prefix: Sequence[int], answer: Sequence[int], scored: int) -> ScoringRow:
    return ScoringRow((*prompt_ids, *prefix, *answer), len(prompt_ids) + len(prefix) + scored)


def _decision(planned: _Planned, step: int) -> Decision:
    return Decision(
        step=step,
        prompt_id=planned.group.prompt_id,
        positions=planned.plan.positions,
        candidates=tuple(solution.source for solution, _ in planned.pool),
        scores=planned.scores,
        chosen=planned.chosen.indices,
        tied=planned.chosen.tied,
        ranks=planned.chosen.ranks,
        log_probs=planned.log_probs,
        answer_tokens=tuple(c.n_tokens for c in planned.comprehended),
        placements=tuple(tokenized.placement for _, tokenized in planned.pool),
    )
