"""A run of OpenRLHF's SFT: a process a GPU, by torchrun, each OpenRLHF's own command with its trainer replaced by ours.

As for RL, the command is run as `__main__` (runpy), so that its own parser and checks stay in force. torchrun starts
this module; what it is given is the run's folder, then OpenRLHF's flags.
"""

from __future__ import annotations

import ctypes
import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ampo.errors import UserError
from ampo.training.config import TrainConfig
from ampo.training.openrlhf import builds, checkpoints, cpu
from ampo.training.openrlhf.failures import explained
from ampo.training.openrlhf.final import put_in_place
from ampo.training.openrlhf.flags import Place
from ampo.training.openrlhf.launch import NO_FLASH_ATTN, shown
from ampo.training.openrlhf.substitute import substitute
from ampo.training.rundir import TrainDir

_ERROR = re.compile(r"^(?:\[rank\d+\]:\s*)?(?!.*ChildFailedError)[\w.]+(?:Error|Exception)\b.*", re.M)
_TERM_WAIT = 30  # seconds


def run(config: TrainConfig, place: Place, arguments: Sequence[str], processes: int) -> None:
    """Train to the end, from the last whole checkpoint where there is one, and write `final`.

    Args:
        config: With as many steps as there will be.
        place: Where its files are, and whether there is a GPU.
        arguments: Of OpenRLHF's command.
        processes: That train, on this machine.

    Raises:
        UserError: The disk is full.
        EngineError: A process failed; the run can then go on.
    """
    if place.gpu:
        if find_spec("flash_attn") is None:
            raise UserError(NO_FLASH_ATTN)
        builds.ready()
    done, folder = checkpoints.repair(place.checkpoints), TrainDir(place.folder)
    folder.forget_after(done)
    place.log.parent.mkdir(parents=True, exist_ok=True)
    with explained(place.log):
        with shown(folder, config, done, sys.stderr):
            _torchrun(place, arguments, processes)
        put_in_place(config, place, folder)


def _torchrun(place: Place, arguments: Sequence[str], processes: int) -> None:
    """Raises RuntimeError with what a process of it has said last."""
    starter = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *starter, "-m", __name__, str(place.folder), *arguments]
    with place.log.open("a", encoding="utf-8") as log:
        start = log.tell()
        process = subprocess.Popen(  # noqa: S603
            command, stdout=log, stderr=subprocess.STDOUT, preexec_fn=_end_with_us, env=_environment(place)
        )
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            try:
                process.wait(_TERM_WAIT)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    if code:
        said = place.log.read_bytes()[start:].decode(errors="replace")
        raise RuntimeError((_ERROR.findall(said) or [f"torchrun ended with {code}"])[-1])


def _environment(place: Place) -> dict[str, str]:
    return dict(os.environ) if place.gpu else cpu.ENVIRONMENT | os.environ


def _end_with_us() -> None:
    """In the new process: a SIGKILL of ours ends torchrun, which ends its own. On Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _process(folder: Path, arguments: Sequence[str]) -> None:
    """One of torchrun's."""
    if cpu.needed():
        cpu.install()
        cpu.adapt_deepspeed()
    from openrlhf import datasets
    from openrlhf.trainer import sft_trainer
    from openrlhf.utils import config

    from ampo.training.config import load_config
    from ampo.training.openrlhf import schedule
    from ampo.training.openrlhf.sft import COMMAND
    from ampo.training.openrlhf.sft_trainer import AmpoSFTTrainer, TurnsDataset

    original = config.hierarchize

    def with_folder(found: Any) -> Any:
        nested = original(found)
        nested.ampo = folder
        return nested

    schedule.install(load_config(str(TrainDir(folder).config)).optimizer, None)
    substitute(config, hierarchize=with_folder)
    substitute(sft_trainer, SFTTrainer=AmpoSFTTrainer)
    substitute(datasets, SFTDataset=TurnsDataset)
    sys.argv = [COMMAND.module, *arguments]
    runpy.run_module(COMMAND.module, run_name="__main__")


if __name__ == "__main__":
    _process(Path(sys.argv[1]), sys.argv[2:])
