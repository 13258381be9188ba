"""A run on OpenRLHF: Ray started or joined, OpenRLHF's own command with classes of ours, the result put in place.

OpenRLHF's parser and checks stand under `if __name__ == "__main__"` of its command, so it is run as that, in this
process (runpy), after substitutions: its policy actor, its trainers and its vLLM actor are replaced by subclasses of
ours, and its arguments get ours besides (`args.ampo`), which then reach every process. Nothing else of OpenRLHF is
touched here, and nothing of it is copied.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

from ampo.errors import UserError
from ampo.files import read_jsonl
from ampo.terminal import Console
from ampo.training.config import TrainConfig
from ampo.training.log import Terminal
from ampo.training.openrlhf import builds, checkpoints, cpu, leftovers
from ampo.training.openrlhf.failures import explained
from ampo.training.openrlhf.final import put_in_place
from ampo.training.openrlhf.flags import Place, parse
from ampo.training.openrlhf.hardware import unreachable
from ampo.training.openrlhf.plan import devices
from ampo.training.openrlhf.settings import Settings
from ampo.training.openrlhf.substitute import substitute
from ampo.training.openrlhf.watchdog import watched
from ampo.training.rundir import TrainDir

NO_FLASH_ATTN = "OpenRLHF imports flash-attn, which is not installed: docs/openrlhf.md says how it is built"
_COMMAND = "openrlhf.cli.train_ppo_ray"
_PASSED_ON = {"TOKENIZERS_PARALLELISM": "true", "NCCL_DEBUG": "WARN", "RAY_ENABLE_ZERO_COPY_TORCH_TENSORS": "1"}
"""What OpenRLHF hands to its workers where it starts Ray itself, with its defaults."""


def run(settings: Settings, place: Place, arguments: Sequence[str], ray_address: str | None = None) -> None:
    """Train to the end, from the last whole checkpoint where there is one, and write `final`.

    Args:
        settings: What the processes of the run read.
        place: Where its files are, and whether there is a GPU.
        arguments: Of OpenRLHF's command.
        ray_address: Of a cluster to join; None starts one on this machine, for this run alone.

    Raises:
        UserError: The cluster is too small or the disk full.
        EngineError: A process of the run failed; the run can then go on.
    """
    if not place.gpu:
        cpu.install()
    elif find_spec("flash_attn") is None:
        raise UserError(NO_FLASH_ATTN)
    else:
        builds.ready()
    done = checkpoints.repair(place.checkpoints)
    config, folder = settings.config, TrainDir(settings.folder)
    folder.forget_after(done)
    place.log.parent.mkdir(parents=True, exist_ok=True)
    with explained(place.log):
        with (
            _output_to(place.log) as terminal,
            shown(folder, config, done, terminal),
            _cluster(place, arguments, ray_address, terminal),
            watched(),
        ):
            _substitute(settings)
            _run_command(arguments)
        put_in_place(config, place, folder)


@contextmanager
def _output_to(log: Path) -> Iterator[TextIO]:
    """All that this process and those it starts write goes to the log; yields what was stderr before.

    By file descriptor: compilers and Ray's daemons write past Python.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    before = os.dup(1), os.dup(2)
    with log.open("a", encoding="utf-8") as stream, os.fdopen(os.dup(2), "w") as terminal:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, old in enumerate(before, start=1):
                os.dup2(old, number)
                os.close(old)


@contextmanager
def _cluster(place: Place, arguments: Sequence[str], address: str | None, terminal: TextIO) -> Iterator[None]:
    """Ray, for as long as the run takes. What was started here is ended here, and nothing else."""
    import ray

    environment = {name: os.environ.get(name, value) for name, value in _PASSED_ON.items()}
    runtime: dict[str, Any] = {"env_vars": environment}
    if not place.gpu:
        runtime = {"env_vars": environment | cpu.ENVIRONMENT, "worker_process_setup_hook": cpu.HOOK}
    needed = devices(parse(arguments))
    leftovers.end(place.session)  # of a run of this folder that was killed, wherever it goes on
    try:
        if address:
            ray.init(address=address, runtime_env=runtime)
        else:
            # "local" and no other: a cluster that somebody else has started here is not ours to use or to stop.
            started: Any = ray.init(
                address="local", runtime_env=runtime, include_dashboard=False, **_local(place, needed)
            )
            leftovers.remember(place.session, Path(started.address_info["session_dir"]))
        there = int(ray.cluster_resources().get("GPU", 0))
        if there < needed:
            raise UserError(
                f"the run needs {needed} GPUs and Ray has {there}: lower [openrlhf] actor.num_gpus_per_node and "
                "vllm.num_engines, or join a larger cluster with --ray-address"
            )
        free = int(ray.available_resources().get("GPU", 0))
        if address and free < needed:
            print(f"the run needs {needed} GPUs and {free} of {there} are free: it waits for them", file=terminal)
        yield
    except ConnectionError as error:
        raise unreachable(address or "local") from error
    finally:
        ray.shutdown()
        if not address:
            leftovers.end(place.session)


def _local(place: Place, needed: int) -> dict[str, Any]:
    """Without a GPU, "GPUs" are a number by which Ray places OpenRLHF's actors."""
    if place.gpu:
        return {}
    return {"num_gpus": needed, "num_cpus": needed + 2, "object_store_memory": 2**28}


def _substitute(settings: Settings) -> None:
    """See the module's docstring."""
    from openrlhf.trainer import ppo_trainer, ppo_trainer_async
    from openrlhf.trainer.ray import ppo_actor, vllm_engine
    from openrlhf.utils import config

    from ampo.training.openrlhf import actor, asynchronous, engine, trainer

    substitute(ppo_actor, PolicyModelActor=actor.PolicyModelActor)
    substitute(ppo_trainer, PPOTrainer=trainer.PPOTrainer)
    substitute(ppo_trainer_async, PPOTrainerAsync=asynchronous.PPOTrainerAsync)
    substitute(vllm_engine, RolloutRayActor=engine.RolloutRayActor)
    original = config.hierarchize

    def with_ours(arguments: Any) -> Any:
        found = original(arguments)
        found.ampo = settings
        return found

    substitute(config, hierarchize=with_ours)


def _run_command(arguments: Sequence[str]) -> None:
    before = sys.argv
    sys.argv = [_COMMAND, *arguments]
    try:
        runpy.run_module(_COMMAND, run_name="__main__")
    finally:
        sys.argv = before


@contextmanager
def shown(folder: TrainDir, config: TrainConfig, done: int, terminal: TextIO) -> Iterator[None]:
    """While the block lasts, the steps of metrics.jsonl on the terminal, as they come.

    Args:
        folder: The run's.
        config: Says how many steps there will be.
        done: The last step that isn't shown any more.
        terminal: Where to.
    """
    table = Terminal(config.steps, done, Console(file=terminal))
    ended = threading.Event()
    follower = threading.Thread(target=_follow, args=(folder.metrics, done, table.log, ended), daemon=True)
    follower.start()
    try:
        yield
    finally:
        ended.set()
        follower.join()
        table.close()


def _follow(file: Path, done: int, show: Callable[[int, dict[str, float]], None], ended: threading.Event) -> None:
    """Each step once. The file may be cut back before a run goes on, so that it is read anew each time."""
    last = False
    while not last:
        last = ended.wait(1.0)
        for _, row in read_jsonl(file, growing=True) if file.exists() else ():
            if row["step"] == done + 1:
                done += 1
                show(done, {name: value for name, value in row.items() if name != "step"})
