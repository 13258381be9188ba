"""OpenRLHF's SFT trainer with our metrics and marks: metrics.jsonl by update, which checkpoints are whole.

Deviations from OpenRLHF: the last update writes a checkpoint too, so that a finished run isn't trained on; and a row
ends as the chat template ends a turn, where OpenRLHF ends all with `eos_token`.
"""

from __future__ import annotations

import copy
import time
from pathlib import Path
from typing import Any

from openrlhf.datasets import SFTDataset
from openrlhf.trainer.sft_trainer import SFTTrainer
from torch import distributed as dist

from ampo.engines.transformers import stop_ids
from ampo.training.openrlhf import checkpoints
from ampo.training.rundir import TrainDir
from ampo.training.turn import end_of_turn


class TurnsDataset(SFTDataset):
    """OpenRLHF's rows, for which the last token of a turn is the tokenizer's `eos_token`: in a copy of it, it is."""

    def __init__(self, dataset: Any, tokenizer: Any, max_length: int, strategy: Any, **more: Any) -> None:
        tokenizer = copy.copy(tokenizer)
        end = end_of_turn(tokenizer, stop_ids(strategy.args.model.model_name_or_path, None, tokenizer))
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end[-1])
        super().__init__(dataset, tokenizer, max_length, strategy, **more)


class AmpoSFTTrainer(SFTTrainer):
    """See the module's docstring."""

    def fit(self, args: Any, consumed_samples: int = 0, num_update_steps_per_epoch: int | None = None) -> None:
        self._folder = TrainDir(args.ampo)
        self._steps = len(self.train_dataloader) * self.epochs // self.strategy.accumulated_gradient
        self._before = time.perf_counter()
        super().fit(args, consumed_samples, num_update_steps_per_epoch)

    def save_logs_and_checkpoints(
        self, args: Any, global_step: int, step_bar: Any, logs_dict: Any = None, client_states: Any = None
    ) -> None:
        # Of this rank alone, scaled so that the mean over the ranks is the update's token mean.
        loss: Any = self.strategy.all_reduce(logs_dict["loss_mean"])
        if self.strategy.is_rank_0():
            self._log(global_step, loss, logs_dict, client_states["consumed_samples"])
        if global_step == self._steps:
            args.ckpt.save_steps = global_step
        super().save_logs_and_checkpoints(args, global_step, step_bar, logs_dict, client_states)
        if global_step % args.ckpt.save_steps == 0:
            dist.barrier()
            if self.strategy.is_rank_0():
                checkpoints.mark_whole(Path(args.ckpt.path).parent, f"global_step{global_step}")

    def _log(self, step: int, loss: float, logs: dict[str, float], samples: int) -> None:
        now = time.perf_counter()
        took, self._before = now - self._before, now
        metrics = {
            "sft/rows": float(self.batch_size),
            "update/loss": loss,
            "update/grad_norm": logs["grad_norm"],
            "update/lr": logs["lr"],
            "samples": float(samples),
            "time/step": round(took, 3),
        }
        self._folder.append(self._folder.metrics, [{"step": step, **metrics}])
