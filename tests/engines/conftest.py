"""A model for vLLM on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def wide(make_llama: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama whose heads two workers can share, each as wide as vLLM's CPU kernels ask for."""
    sizes = {"hidden_size": 256, "intermediate_size": 256, "num_attention_heads": 4, "max_position_embeddings": 2048}
    return make_llama(tmp_path_factory.mktemp("wide"), **sizes)
