"""Whether a run is for GPUs: the config says so, else what is there decides.

A GPU that nobody sees any more (a driver that broke) must not turn a run for GPUs into one on the CPU, and a node
without a GPU may start a run on a cluster that has some. So it is decided once, where the run is started; its processes
are told (`cpu.ENVIRONMENT`), and none of them looks for itself.
"""

from __future__ import annotations

import logging

from ampo.errors import UserError
from ampo.training.config import TrainConfig

_SLEEP = ("vllm.enable_sleep", "ds.enable_sleep")


def asked(config: TrainConfig) -> bool | None:
    """True for GPUs, False for the CPU, None for whatever is there. Several GPUs, or switches of theirs, ask for them.

    Raises UserError for switches of GPUs on the CPU.
    """
    own = config.openrlhf
    sleeps = [name for name in _SLEEP if own.get(name) is True]
    if config.device is not None:
        if config.device == "cpu" and sleeps:
            raise UserError(f"device = 'cpu': {sleeps[0]} frees a GPU's memory: leave it out, or the device")
        return config.device != "cpu"
    wanted = own.get("actor.num_gpus_per_node", 1)
    return True if sleeps or (isinstance(wanted, int) and wanted > 1) else None


def found(config: TrainConfig, address: str | None = None) -> bool:
    """For a run that starts now, on this machine or on the Ray cluster at the address. Raises UserError."""
    wanted = asked(config)
    if wanted is False:
        return False
    there = _cluster_has_gpus(address) if address else _here()
    if wanted and not there:
        raise UserError(
            f"the config is for GPUs and {f'the cluster at {address!r}' if address else 'this machine'} shows none: "
            "mend its driver, join a cluster that has some (--ray-address), or try it on the CPU with --device cpu "
            "and one process (openrlhf-smoke is such a config)"
        )
    return there


def shown(config: TrainConfig) -> bool:
    """For a command or a plan that is only shown: what is asked for, wherever that is."""
    wanted = asked(config)
    return _here() if wanted is None else wanted


def _here() -> bool:
    import torch

    return torch.cuda.is_available()


def _cluster_has_gpus(address: str) -> bool:
    """Ray names the type of the GPUs that it has found; a number may be made up (`ray start --num-gpus`)."""
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        return any(name.startswith("accelerator_type:") for name in ray.cluster_resources())
    except ConnectionError as error:
        raise unreachable(address) from error
    finally:
        ray.shutdown()


def unreachable(address: str) -> UserError:
    """For a Ray cluster that doesn't answer."""
    return UserError(f"no Ray cluster answers at {address!r}: start one there with `ray start --head`")
