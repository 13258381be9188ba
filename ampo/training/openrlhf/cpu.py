"""OpenRLHF, DeepSpeed and vLLM where there is no GPU: everything that it takes, and in use nowhere else.

OpenRLHF 0.11.2 asks for CUDA's current device, a CUDA device mesh, NCCL for the weights on their way to vLLM, and
imports flash-attn whether it is used or not. Here: the CPU, gloo, and stand-ins that nobody calls. `install` runs in
every Ray worker before OpenRLHF is imported (Ray's worker_process_setup_hook) and says so in the log.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from ampo.training.openrlhf.substitute import substitute

_CHOSEN = "AMPO_OPENRLHF_CPU"
ENVIRONMENT = {
    _CHOSEN: "1",
    "DS_ACCELERATOR": "cpu",
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
    # On few cores the engine and the policy take turns: binding each to cores of its own would halve both.
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}
HOOK = f"{__name__}.install"
ENGINE = {
    "worker_extension_cls": f"{__name__}.WeightReceiver",
    # vLLM sets a seeded request's generator back after a part of its prompt, which the CPU's generator can't do.
    "enable_chunked_prefill": False,
    # An engine over several workers (-tp 2): vLLM's CPU platform knows no workers of Ray's.
    "distributed_executor_backend": "mp",
}
"""For vLLM's engine."""


def needed() -> bool:
    """In a process of a run: whether the run is one on the CPU.

    What it sees itself says nothing: Ray hides the GPUs from an engine whose workers have them.
    """
    return os.environ.get(_CHOSEN) == "1"


def install() -> None:
    """Before OpenRLHF is imported: environment, stand-ins for flash-attn, and the CPU as CUDA's current device."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import torch

    device = torch.device("cpu")
    substitute(
        torch.cuda,
        current_device=lambda: device,
        current_stream=lambda *_: None,
        synchronize=lambda *_: None,  # one function for all three would confuse torch.compile's tables
        set_device=lambda *_: None,
    )
    if find_spec("flash_attn") is None:
        _stand_in("flash_attn.bert_padding", "index_first_axis", "pad_input", "rearrange", "unpad_input")
        _stand_in("flash_attn.utils.distributed", "all_gather")
    print("ampo: OpenRLHF runs on the CPU, for tests and trials", file=sys.stderr)


def adapt() -> None:
    """In the policy's process, once OpenRLHF is imported: its replay buffer, its weight sync, and DeepSpeed."""
    import torch
    from openrlhf.trainer.ppo_utils import replay_buffer
    from openrlhf.trainer.ray import ppo_actor

    class Torch(ModuleType):
        """torch, for a buffer that would write f"cuda:{current_device()}" on its items."""

        def __getattr__(self, name: str) -> Any:
            return getattr(torch, name)

        def device(self, _: str) -> torch.device:
            return torch.device("cpu")

    substitute(replay_buffer, torch=Torch("torch"))
    substitute(ppo_actor, stateless_init_process_group=Gloo)
    adapt_deepspeed()


def adapt_deepspeed() -> None:
    """Ranks meet on the CPU, and nothing is compiled.

    DeepSpeed would compile an Adam and a way through shared memory of its own, which takes a C++ compiler minutes for a
    trial. torch's AdamW is the same rule, gloo the other way.
    """
    from openrlhf.utils.deepspeed import deepspeed as strategies
    from torch.distributed.device_mesh import init_device_mesh

    configured = strategies.get_train_ds_config

    def with_torchs_adam(*args: Any, **kwargs: Any) -> dict[str, Any]:
        config = configured(*args, **kwargs)
        if "optimizer" in config:
            config["optimizer"]["params"]["torch_adam"] = True
        return config

    substitute(
        strategies,
        init_device_mesh=lambda _, *args, **kwargs: init_device_mesh("cpu", *args, **kwargs),
        get_train_ds_config=with_torchs_adam,
    )
    substitute(import_module("deepspeed.comm.torch"), build_shm_op=lambda: None)  # there, `torch` names torch itself


class Gloo:
    """What OpenRLHF takes for a PyNcclCommunicator."""

    def __init__(self, host: str, port: int, rank: int, world_size: int, device: Any = None) -> None:  # noqa: ARG002
        from vllm.distributed.utils import stateless_init_torch_distributed_process_group

        self._group: Any = stateless_init_torch_distributed_process_group(host, port, rank, world_size, "gloo")

    def broadcast(self, tensor: Any, src: int, stream: Any = None) -> None:  # noqa: ARG002
        """As bytes: gloo need not know the type."""
        import torch

        self._group.broadcast(tensor.detach().contiguous().view(torch.uint8), src).wait()


class WeightReceiver:
    """vLLM's worker extension in place of OpenRLHF's WorkerWrap, with the same methods.

    vLLM's CPU kernels repack linear weights when they load them, after which single ones can't be loaded any more: the
    tensors are collected until the last one (OpenRLHF says empty_cache with it) and loaded as a checkpoint is.
    """

    model_runner: Any

    def init_process_group(self, host: str, port: int, rank_offset: int, world_size: int, *_: Any) -> None:
        import torch

        self._senders = Gloo(host, port, torch.distributed.get_rank() + rank_offset, world_size)
        self._received: list[tuple[str, Any]] = []

    def update_weight(self, name: str, dtype: Any, shape: Any, empty_cache: bool = False) -> None:
        import torch

        weight = torch.empty(shape, dtype=dtype)
        self._senders.broadcast(weight, src=0)
        self._received.append((name, weight))
        if empty_cache:
            from ampo.engines.vllm import give_weights

            give_weights(self, iter(self._received))
            self._received = []


def _stand_in(name: str, *functions: str) -> None:
    """A module with these names in it. Without its parents, so that flash-attn still counts as not installed."""
    module = sys.modules.setdefault(name, ModuleType(name))
    for function in functions:
        setattr(module, function, None)
