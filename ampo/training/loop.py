"""The local backend: rollouts, verification, guidance and updates in one process, on a CPU or one GPU.

Nothing but the config, the data and the step decides what happens in a step, so a run that was killed goes on from its
last checkpoint and logs what an undisturbed one would have (same machine, CPU, float32, one thread: several add in no
fixed order, and two runs differ in the last digits from the first step on).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ampo.algorithm.presets import Algorithm
from ampo.engines.transformers import Loaded
from ampo.guidance.splice import SolutionTokenizer
from ampo.training import checkpoint, validation
from ampo.training.alarms import stopped, stopping
from ampo.training.batches import mini_batches
from ampo.training.config import TrainConfig
from ampo.training.guide import Guide
from ampo.training.holes import one_answer
from ampo.training.log import sinks
from ampo.training.logprobs import log_prob_fn
from ampo.training.metrics import mean_of_updates
from ampo.training.modelcard import write_model
from ampo.training.prompts import TrainPrompt, batch, solution_rows
from ampo.training.refill import joined, others
from ampo.training.rollout import Rollouts, Sampler, rollout_seed
from ampo.training.rows import Group, GuidedStep, OwnResponse
from ampo.training.rundir import TrainDir, replace_folder
from ampo.training.samples import kept_samples
from ampo.training.turn import end_of_turn
from ampo.training.update import Policy
from ampo.training.validation import Score, ValidationSample
from ampo.types import SamplingParams
from ampo.verify import Claim, VerifierPool


class LocalTrainer:
    """See the module's docstring.

    Args:
        config: of the run.
        loaded: model and tokenizer; the weights in float32.
        folder: of the run.
        verifier: judges the responses.
        prompts: those that are trained on, with their guidance.
        validation: may be empty.
        score: makes metrics of validation's judged samples; None for no validation.

    Attributes:
        seconds: by part of the step under way or last done.
    """

    def __init__(
        self,
        config: TrainConfig,
        loaded: Loaded,
        folder: TrainDir,
        verifier: VerifierPool,
        prompts: Sequence[TrainPrompt],
        validation: Sequence[TrainPrompt] = (),
        score: Score | None = None,
    ) -> None:
        if config.lora.rank:
            from ampo.training import lora

            loaded = lora.with_adapters(loaded, config.lora, config.seed)
        self.config, self.folder = config, folder
        self.algorithm: Algorithm = config.resolved_algorithm()
        self._loaded, self._verifier = loaded, verifier
        self._prompts, self._validation, self._score = prompts, validation, score
        on_gpu = loaded.model.device.type == "cuda"
        autocast = torch.bfloat16 if config.dtype == "bfloat16" or (config.dtype == "auto" and on_gpu) else None
        rollout = config.rollout
        self.policy = Policy(loaded.model, config.optimizer, config.steps, rollout.temperature, autocast)
        network = loaded.model.get_base_model() if config.lora.rank else loaded.model
        self.guide = Guide(
            self.algorithm,
            SolutionTokenizer(loaded.tokenizer),
            log_prob_fn(network, token_budget=config.optimizer.micro_batch_tokens),
            end_of_turn(loaded.tokenizer, loaded.stop_ids),
            rollout.max_tokens,
            config.seed,
        )
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.state = checkpoint.State()
        self._sampler = self._rollouts_by(network, autocast or torch.float32)  # the last: `run` frees it

    def _rollouts_by(self, network: Any, dtype: torch.dtype) -> Rollouts:
        """What the config says: the live model, or an engine that computes in the passes' precision."""
        if self.config.rollout.engine == "transformers":
            return Sampler(network, self._loaded.tokenizer, self._loaded.stop_ids, self.config.rollout.batch_size)
        from ampo.training.rollout_vllm import VLLMSampler

        longest = max(len(p.ids) for p in (*self._prompts, *self._validation))
        return VLLMSampler(self.config, self._loaded, longest, dtype)

    def run(self) -> dict[str, float]:
        """Train to the end, from the last checkpoint where there is one. Gives the last step's metrics."""
        metrics: dict[str, float] = {}
        with ExitStack() as stack:
            stack.callback(self._sampler.close)
            self._settle_baselines()
            self._resume()
            logs = [stack.enter_context(closing(log)) for log in sinks(self.config, self.folder.path, self.state.step)]
            for step in range(self.state.step + 1, self.config.steps + 1):
                metrics = self.step(step)
                for log in logs:
                    log.log(step, metrics)
                self._stop_where_asked(step)
        self._write_model(self.folder.final)
        return metrics

    def _stop_where_asked(self, step: int) -> None:
        if alarm := stopping(self.folder.read_metrics(), self.config.log.stop_at):
            self._checkpoint(step)
            raise stopped(step, alarm)

    def _checkpoint(self, step: int) -> None:
        def save(folder: Path) -> None:
            checkpoint.save(folder, self._loaded, self.policy.optimizer, self.state)

        self.folder.save(step, save, self.config.checkpoints.keep)

    def _settle_baselines(self) -> None:
        """RLPR's, with the weights that the run began with: before a checkpoint is loaded."""
        if self.algorithm.reward == "probability":
            asked = [(prompt.ids, prompt.problem.answer) for prompt in self._prompts]
            ids = [prompt.problem.id for prompt in self._prompts]
            self.guide.baselines.update(zip(ids, self.guide.answer_baselines(asked), strict=True))

    def step(self, step: int) -> dict[str, float]:
        """One step: its metrics, which are logged; validation and a checkpoint where they are due."""
        self.seconds.clear()
        started = time.perf_counter()
        torch.manual_seed(rollout_seed(self.config.seed, step, "", "torch"))  # dropout, where a model has it
        taken = batch(self._prompts, step, self.config.rollout.prompts_per_step, self.config.seed)
        metrics = self._sft_step(taken, step) if self.algorithm.objective == "sft" else self._rl_step(taken, step)
        self.state.step = step
        if self._due(step, self.config.validation.every) and self._validation and self._score:
            metrics |= self._validate()
        metrics |= {"samples": float(self.state.samples), "tokens": float(self.state.tokens)}
        metrics |= {f"time/{name}": round(value, 3) for name, value in self.seconds.items()}
        metrics["time/step"] = round(time.perf_counter() - started, 3)
        self.folder.append(self.folder.metrics, [{"step": step, **metrics}])
        if self._due(step, self.config.checkpoints.every):
            self._checkpoint(step)
        return metrics

    def _due(self, step: int, every: int) -> bool:
        return step % every == 0 or step == self.config.steps

    def _rl_step(self, taken: Sequence[TrainPrompt], step: int) -> dict[str, float]:
        return self.learn(self.rollouts(taken, step), step)

    def learn(self, groups: Sequence[Group], step: int) -> dict[str, float]:
        """All that follows the rollouts of a step: guidance and updates. Gives the step's metrics."""
        groups, guided = self._guided(groups, step)
        self.state.samples += sum(len(group.responses) for group in groups)
        self.state.tokens += sum(len(r.ids) for group in groups for r in group.responses)
        batches = list(mini_batches(guided.groups, self.config.optimizer.mini_batch_prompts))
        with self._timed("own"):  # the first update computes its own: the ratio is 1
            old = [[None] * len(rows) if i == 0 else self.policy.own_log_probs(rows) for i, rows in enumerate(batches)]
        with self._timed("update"):
            updates = [
                self.policy.update(rows, before, self.algorithm, step)
                for rows, before in zip(batches, old, strict=True)
            ]
        self._sampler.weights_changed()
        self.folder.append(self.folder.guidance, [asdict(d) | {"sources": d.sources} for d in guided.decisions])
        self.folder.append(self.folder.samples, kept_samples(groups, guided.decisions, step, self.config.log.samples))
        metrics = mean_of_updates(updates) | {"own/one_answer": float(one_answer(groups, self._same))}
        for found, name in (("own_entropy", "entropy"), ("sampling_logp_difference", "sampling_logp_difference")):
            if f"update/{found}" in metrics:
                metrics[f"own/{name}"] = metrics.pop(f"update/{found}")
        return guided.metrics | metrics

    def _same(self, reference: str, other: str) -> bool:
        return self._verifier.submit(Claim(reference, f"\\boxed{{{other}}}")).result().correct

    def _guided(self, groups: Sequence[Group], step: int) -> tuple[list[Group], GuidedStep]:
        """All groups of the step, and what guidance makes of them. More are asked for where the filter drops some."""
        asked, found = list(groups), self._guide(groups, step)
        for _ in range(self.algorithm.refills):
            missing = len(groups) - len(found.groups)
            had = {group.prompt_id for group in asked}
            more = self.rollouts(others(self._prompts, had, missing, seed=self.config.seed, step=step), step)
            if not more:
                break
            found = joined(found, len(asked), self._guide(more, step), len(more))
            asked += more
        return asked, found

    def _guide(self, groups: Sequence[Group], step: int) -> GuidedStep:
        with self._timed("guide"), torch.no_grad():  # in the weights' float32: near scores must not become ties
            found = self.guide.step(groups, step, self.state.deviations)
        self.state.deviations = found.deviations
        return found

    def _sft_step(self, taken: Sequence[TrainPrompt], step: int) -> dict[str, float]:
        """Every solution that the pool has for the prompts of the step; mini-batches as for RL."""
        end, limit = self.guide.end_ids, self.config.rollout.max_tokens
        groups = [solution_rows(prompt, self._ids, end, limit) for prompt in taken]
        with self._timed("update"):
            updates = [
                self.policy.update(rows, [None] * len(rows), self.algorithm, step)
                for rows in mini_batches(groups, self.config.optimizer.mini_batch_prompts)
            ]
        self._sampler.weights_changed()
        rows = [row for group in groups for row in group]
        self.state.samples += len(rows)
        self.state.tokens += sum(len(row.response_ids) for row in rows)
        return {"sft/rows": float(len(rows))} | mean_of_updates(updates)

    def rollouts(self, taken: Sequence[TrainPrompt], step: int) -> list[Group]:
        """Judged responses to the prompts of a step, or to others in their place."""
        params = SamplingParams(
            n=self.config.rollout.n,
            temperature=self.config.rollout.temperature,
            top_p=self.config.rollout.top_p,
            max_tokens=self.config.rollout.max_tokens,
        )
        seeds = [rollout_seed(self.config.seed, step, prompt.problem.id) for prompt in taken]
        responses = self._judged(taken, seeds, params)
        return [
            Group(prompt.problem.id, prompt.ids, prompt.problem.answer, tuple(found), tuple(prompt.solutions))
            for prompt, found in zip(taken, responses, strict=True)
        ]

    def _judged(
        self, taken: Sequence[TrainPrompt], seeds: Sequence[int], params: SamplingParams
    ) -> list[list[OwnResponse]]:
        """params.n judged responses to each prompt. Each goes to the verifier the moment it is finished."""
        futures = {}
        with self._timed("rollout"), self.policy.computing():
            for done in self._sampler.sample([p.ids for p in taken], seeds, params):
                problem = taken[done.prompt].problem
                claim = Claim.of(problem, done.text, done.finish_reason)
                futures[done.prompt, done.index] = (done, self._verifier.submit(claim))
        with self._timed("verify"):
            judged = {
                key: OwnResponse(
                    done.ids, done.text, verdict.outcome, done.finish_reason, verdict.shown, done.log_probs
                )
                for key, (done, future) in futures.items()
                for verdict in [future.result()]
            }
        return [[judged[p, i] for i in range(params.n)] for p in range(len(taken))]

    def _validate(self) -> dict[str, float]:
        """Metrics under val/. A new best accuracy is kept in best/."""
        assert self._score is not None
        prompts = self._validation
        with self._timed("validate"):
            seeds = validation.seeds(prompts, self.config.seed)
            found = self._judged(prompts, seeds, validation.sampling(self.config))
        samples: list[ValidationSample] = validation.judged_samples(prompts, found)
        metrics = {f"val/{name}": value for name, value in self._score(samples).items()}
        if self.state.best is None or metrics["val/accuracy"] > self.state.best:
            self.state.best = metrics["val/accuracy"]
            self._write_model(self.folder.best)
        return metrics

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self._loaded.tokenizer(text, add_special_tokens=False)["input_ids"])

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - started

    def _resume(self) -> None:
        latest = self.folder.latest()
        if latest is None:
            self.folder.forget_after(0)
            return
        step, folder = latest
        adapters = bool(self.config.lora.rank)
        self.state = checkpoint.load(folder, self._loaded, self.policy.optimizer, adapters=adapters)
        self.folder.forget_after(step)
        self._sampler.weights_changed()

    def _write_model(self, place: Path) -> None:
        rows = self.folder.read_metrics()
        replace_folder(place, lambda folder: write_model(folder, self._loaded, self.config, self.state.step, rows))
