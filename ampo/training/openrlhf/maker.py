"""OpenRLHF's experience maker with guidance: the one `Guide` of all backends, between rollouts and log-probabilities.

Deviations from OpenRLHF: teachers' solutions take the places that the guide gives them before the policy's
log-probabilities are computed, advantages are the guide's (OpenRLHF's estimators know neither AMPO's rewards nor which
rows count towards a group's mean), and rows are laid out so that an update has whole prompts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import ray
import torch
from openrlhf.trainer.ppo_utils.experience_maker import RemoteExperienceMaker

from ampo.algorithm.replacement import generator
from ampo.guidance.comprehension import ScoringRow
from ampo.guidance.pool import GuidancePool
from ampo.guidance.splice import SolutionTokenizer
from ampo.training.guide import Guide
from ampo.training.holes import one_answer
from ampo.training.logprobs import row_batches
from ampo.training.openrlhf.samples import by_rank, group_of, in_groups, sample_of
from ampo.training.openrlhf.settings import Settings
from ampo.training.rows import GuidedStep
from ampo.types import Solution
from ampo.verify import verify

_DUMMY = ScoringRow((0, 0), 1)
"""A row for a rank that has none of its own: under ZeRO-3 every rank must pass through the model as often."""


class AmpoExperienceMaker(RemoteExperienceMaker):
    """See the module's docstring. guided: what the last step's guidance made of it, own: metrics besides."""

    guided: GuidedStep
    own: dict[str, float]

    def guide_by(self, settings: Settings) -> None:
        """Before the first step."""
        self.step = 0
        self._settings = settings
        self._pool = GuidancePool.open(settings.pool) if settings.pool else None
        self._guide = Guide(
            settings.config.resolved_algorithm(),
            SolutionTokenizer(self.tokenizer),
            self._log_probs,
            settings.end_ids,
            settings.config.rollout.max_tokens,
            settings.config.seed,
        )

    @torch.no_grad()
    def make_experience_batch(self, rollout_samples: Sequence[Any]) -> list[Any]:
        groups = in_groups(rollout_samples, self.args.rollout.n_samples_per_prompt)
        generator(self._settings.config.seed, self.step, "", "order").shuffle(groups)
        found = [group_of(group, self._decode, self._solutions) for group in groups]
        failed = fmean(float(s.info["reward_failed"][0]) for s in rollout_samples)
        self.guided = self._guide.step(found, self.step)
        self.own = {
            "own/reward_failed": failed,
            "own/one_answer": float(one_answer(found, _same)),
            "samples": float(len(rollout_samples)),
            "tokens": float(sum(len(r.ids) for group in found for r in group.responses)),
        }
        mixed = [
            sample_of(row, before)
            for rows, group in zip(self.guided.groups, groups, strict=True)
            for row, before in zip(rows, group, strict=True)
        ]
        return super().make_experience_batch(by_rank(mixed, self._ranks, self.args.train.batch_size))

    @property
    def _ranks(self) -> int:
        """Data-parallel ones."""
        return len(self.actor_model_group._actor_handlers) // self.actor_model_group.duplicate_actors

    @torch.no_grad()
    def compute_advantages_and_returns(self, experiences: list[Any]) -> list[Any]:
        self.own["own/entropy"] = self._entropy(experiences)
        if self._settings.config.rollout.check_logprobs:
            self.own["own/sampling_logp_difference"] = sampling_logp_difference(experiences)
        for experience in experiences:
            settle_advantages(experience)
        return experiences

    def _decode(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def _solutions(self, uid: str) -> Sequence[Solution]:
        entry = self._pool.get(uid) if self._pool else None
        return entry.solutions if entry else ()

    def _entropy(self, experiences: Sequence[Any]) -> float:
        """Token mean over the policy's own rows. Responses that gave way to a teacher are no longer there to see."""
        copies = self.args.ds.ring_attn_size * self.args.ds.tensor_parallel_size
        refs = self.actor_model_group.async_run_method(method_name="take_entropies")
        of_rows = itertools.chain.from_iterable(ray.get(refs)[::copies])
        teachers = torch.cat([e.info["teacher"] for e in experiences]).tolist()
        own = [found for found, teacher in zip(of_rows, teachers, strict=True) if not teacher]
        return sum(total for total, _ in own) / max(sum(n for _, n in own), 1)

    def _log_probs(self, rows: Sequence[ScoringRow]) -> list[list[float]]:
        """The guide's LogProbFn, over all ranks."""
        asked = [i for i, row in enumerate(rows) if row.start < len(row.ids)]
        values: list[list[float]] = [[] for _ in rows]
        if not asked:
            return values
        group = self.actor_model_group
        budget = self._settings.config.optimizer.micro_batch_tokens
        batches = list(row_batches([rows[i] for i in asked], budget, len(self.tokenizer)))
        padded = batches + [[_DUMMY]] * (-len(batches) % self._ranks)
        refs = group.async_run_method_batch("answer_log_probs", rows=padded)
        found = itertools.chain.from_iterable(ray.get(refs)[:: group.duplicate_actors])
        answers = itertools.chain.from_iterable(itertools.islice(found, len(batches)))
        for i, answer in zip(asked, answers, strict=True):
            values[i] = answer
        return values


def _same(reference: str, other: str) -> bool:
    return verify(reference, f"\\boxed{{{other}}}").correct


def settle_advantages(experience: Any) -> None:
    """The guide's, of every row's tokens, where OpenRLHF's estimators write theirs."""
    advantages = experience.info["advantage"][:, None] * experience.action_mask
    experience.advantages, experience.returns, experience.kl = advantages, advantages.clone(), None
    experience.info["return"] = experience.info["reward"]


def sampling_logp_difference(experiences: Sequence[Any]) -> float:
    """Mean of |log p of vLLM - log p of the policy| over the tokens that vLLM sampled; 0 where there are none.

    Rounding alone makes some thousandths of it. More says that vLLM doesn't sample from the policy that is trained.
    """
    total = count = 0.0
    for e in experiences:
        own = e.action_mask * (1 - e.info["teacher"][:, None])
        total += ((e.rollout_log_probs - e.action_log_probs).abs() * own).sum().item()
        count += own.sum().item()
    return total / max(count, 1.0)
