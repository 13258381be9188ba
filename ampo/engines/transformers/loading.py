"""Loading a causal language model with transformers, and what a person reads where that fails."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

from ampo.engines.cpu import computes_bfloat16
from ampo.engines.settings import EngineSettings
from ampo.errors import MissingExtraError, UserError
from ampo.files import first_line

# Threads that spin while they wait for one another make every token ten times slower on a CPU with other work to do.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # counts where torch has not been imported yet

try:
    import torch
    import transformers
except ImportError as error:
    raise MissingExtraError(error.name or "torch", "hf", "the transformers engine") from error

DTYPES = ("auto", "bfloat16", "float16", "float32")


@dataclass(frozen=True)
class Loaded:
    """A model in eval mode on its device, its tokenizer, and the tokens that end a response.

    published_dtype: what its weights are stored in, where its config says so.
    """

    model: Any
    tokenizer: Any
    stop_ids: frozenset[int]
    published_dtype: torch.dtype | None = None


def load(
    path: str, revision: str | None, settings: EngineSettings, device: str | None, attn_implementation: str | None
) -> Loaded:
    """Load a model.

    Args:
        path: A local folder or a hub id.
        revision: Of the hub id; None for its main one.
        settings: dtype and trust_remote_code count.
        device: "cpu", "cuda", "cuda:1"; None takes the first GPU where there is one.
        attn_implementation: As transformers names them; None leaves it the choice.

    Raises:
        UserError: It is no causal language model, or can't be loaded; in one line.
    """
    dtype, trust = settings.dtype, settings.trust_remote_code
    if dtype not in DTYPES:
        raise UserError(f"dtype is {dtype!r}: it can be one of {', '.join(DTYPES)}")
    where = _device(device)
    if not sys.stderr.isatty():
        transformers.utils.logging.disable_progress_bar()  # a bar is for people, not for logs
    try:
        config = transformers.AutoConfig.from_pretrained(path, revision=revision, trust_remote_code=trust)
        _check_kind(config, path)
        published = config.dtype if isinstance(config.dtype, torch.dtype) else None
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, revision=revision, trust_remote_code=trust)
        loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(
            path,
            revision=revision,
            config=config,
            dtype=_dtype(dtype, where),
            output_loading_info=True,
            trust_remote_code=trust,
            **({"attn_implementation": attn_implementation} if attn_implementation else {}),
        )
    except (OSError, ValueError, KeyError, ImportError) as error:
        # what transformers raises for a missing file, an unknown architecture, a bad config and a missing package
        raise UserError(f"cannot load the model {path}: {first_line(error)}") from error
    except Exception as error:
        if type(error).__name__ != "SafetensorError":  # the one error of the weights' own library
            raise
        raise UserError(f"cannot load the model {path}: its weights are damaged ({first_line(error)})") from error
    model, info = loaded
    if missing := sorted(info["missing_keys"]):
        raise UserError(f"{path} lacks {len(missing)} weights of a causal language model, {missing[0]} among them")
    return Loaded(_placed(model, where), tokenizer, _stop_ids(model.generation_config, tokenizer), published)


def _device(name: str | None) -> torch.device:
    """What torch calls it; None is the first GPU where there is one. UserError for one that isn't there."""
    try:
        where = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError as error:
        raise UserError(f"device is {name!r}, which torch doesn't know: give cpu, cuda or cuda:1") from error
    if where.type == "cuda" and not torch.cuda.is_available():
        raise UserError(f"device is {name!r} and torch finds no GPU: leave device out to run on the CPU")
    if where.type == "cuda" and (where.index or 0) >= (gpus := torch.cuda.device_count()):
        raise UserError(f"device is {name!r} and torch finds {gpus} GPUs: give cuda:0 to cuda:{gpus - 1}")
    return where


def _check_kind(config: Any, path: str) -> None:
    names = getattr(config, "architectures", None) or ()
    if config.is_encoder_decoder or (names and not any("CausalLM" in n or "LMHead" in n for n in names)):
        kind = ", ".join(names) or config.model_type
        raise UserError(f"{path} is no causal language model but {kind}: give one that generates text")


def _dtype(dtype: str, device: torch.device) -> torch.dtype:
    if dtype != "auto":
        return getattr(torch, dtype)
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "cpu":
        return torch.bfloat16 if computes_bfloat16() else torch.float32
    return torch.float16


def _placed(model: Any, device: torch.device) -> Any:
    try:
        return model.to(device).eval()
    except torch.OutOfMemoryError as error:
        size = sum(p.numel() * p.element_size() for p in model.parameters()) / 2**30
        raise UserError(
            f"the model's {size:.1f} GiB do not fit into the memory of {device}: use a smaller one"
        ) from error


def stop_ids(path: str, revision: str | None, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a response of the model in a local folder or on the hub, without loading its weights."""
    try:
        generation = transformers.GenerationConfig.from_pretrained(path, revision=revision or "main")
    except OSError:  # a model without generation_config.json: its config has them
        config = transformers.AutoConfig.from_pretrained(path, revision=revision)
        generation = transformers.GenerationConfig.from_model_config(config)
    return _stop_ids(generation, tokenizer)


def _stop_ids(generation: Any, tokenizer: Any) -> frozenset[int]:
    """Both the generation_config's (there may be several) and the tokenizer's end the response, as in vLLM."""
    configured = generation.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(i for i in (*ids, tokenizer.eos_token_id) if i is not None)
