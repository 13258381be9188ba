"""Which engine is taken, and what is refused before one is started."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ampo import engines, load_engine
from ampo.engines import check_backend, transformers
from ampo.engines.settings import EngineSettings
from ampo.engines.vllm import arguments
from ampo.errors import UserError

ENDPOINT = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("backend", "base_url", "message"),
    [
        ("vlm", None, "did you mean vllm"),
        ("openai", None, "needs an endpoint"),
        ("vllm", ENDPOINT, "is not asked by the backend vllm"),
        ("transformers", ENDPOINT, "is not asked by the backend transformers"),
    ],
)
def test_what_does_not_go_together_is_refused(backend: str, base_url: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_backend(backend, base_url)


@pytest.fixture
def broken_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vLLM that is installed and can't be imported. Returns a model's folder."""
    (tmp_path / "vllm").mkdir()
    (tmp_path / "vllm" / "__init__.py").write_text("raise ImportError('libcudart.so.13: cannot open shared object')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "vllm"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_text("x")
    return tmp_path


def test_a_broken_vllm_is_one_line(broken_vllm: Path) -> None:
    with pytest.raises(UserError, match=r"can't be imported \(libcudart.*--backend transformers"):
        load_engine(str(broken_vllm), "vllm", say=lambda _: None)


def test_auto_goes_round_a_broken_vllm_and_says_so(broken_vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Loaded:
        def __init__(self, *_: Any, **__: Any) -> None: ...

    monkeypatch.setattr(transformers, "TransformersEngine", Loaded)
    monkeypatch.setattr(engines, "_transformers_installed", lambda: True)
    said: list[str] = []
    assert isinstance(load_engine(str(broken_vllm), say=said.append), Loaded)
    assert said[-1].startswith("engine: transformers instead (vLLM is installed and can't be imported (libcudart")


@pytest.mark.parametrize(
    ("able", "settings", "dtype"),
    [
        (False, {}, "float32"),
        (True, {}, "auto"),
        (False, {"dtype": "bfloat16"}, "bfloat16"),
        (False, {"quantization": "fp8"}, "auto"),
    ],
)
def test_a_cpu_without_bfloat16_computes_in_float32(
    able: bool, settings: dict[str, str], dtype: str, model_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arguments, "computes_bfloat16", lambda: able)
    chosen = arguments.cpu_arguments(model_path, EngineSettings(**settings))  # type: ignore[arg-type]
    wide = 2 if dtype == "float32" else 1
    half = arguments.cpu_arguments(model_path, EngineSettings(dtype="float16"))
    assert chosen["dtype"] == dtype
    assert chosen["kv_cache_memory_bytes"] == wide * half["kv_cache_memory_bytes"]


def test_float32_that_would_not_fit_is_not_taken(model_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "computes_bfloat16", lambda: False)
    monkeypatch.setattr(arguments.os, "sysconf", lambda _: 2**14)  # 256 MiB
    assert arguments.cpu_arguments(model_path, EngineSettings())["dtype"] == "auto"
