"""What tests of training share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def small_model(make_llama: Callable[..., Path], tmp_path: Path) -> Path:
    """A random Llama whose heads are as wide as vLLM's CPU kernels ask for."""
    return make_llama(tmp_path / "model", "bfloat16", hidden_size=64, intermediate_size=128)
