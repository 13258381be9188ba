"""A prompt's tokens: special ones stand there once, whoever writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ampo import SamplingParams, load_engine
from ampo.engines.encoding import encode, template_sha256
from ampo.types import Message, Request

transformers = pytest.importorskip("transformers")

ASK: tuple[Message, ...] = ({"role": "user", "content": "6 * 7?"},)
TEMPLATE = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}<think>"


@pytest.fixture
def tokenizer(tiny_model: Path) -> Any:
    """One that begins texts with a token of its own, as Llama's and Gemma's do. A base model's: it has no template."""
    from tokenizers import processors

    found: Any = transformers.AutoTokenizer.from_pretrained(tiny_model)
    found.chat_template = None
    first = found.bos_token, found.bos_token_id
    found.backend_tokenizer.post_processor = processors.TemplateProcessing(f"{first[0]} $A", special_tokens=[first])
    return found


@pytest.mark.parametrize("template", [None, TEMPLATE])
@pytest.mark.parametrize("prompt", ["6 * 7?", ASK])
def test_a_prompt_begins_once(prompt: Any, template: str | None, tokenizer: Any) -> None:
    tokenizer.chat_template = template
    tokens, opened = encode(prompt, tokenizer)
    assert tokens[0] == tokenizer.bos_token_id
    assert tokens.count(tokenizer.bos_token_id) == 1
    assert opened == ("<think>" if template and prompt is ASK else "")


def test_templates_have_a_hash_and_several_have_one_together(tokenizer: Any) -> None:
    assert template_sha256(tokenizer) is None
    hashes = set()
    for template in (TEMPLATE, {"default": TEMPLATE}, {"default": TEMPLATE, "rag": TEMPLATE}):
        tokenizer.chat_template = template
        hashes.add(template_sha256(tokenizer))
    assert len(hashes) == 3
    assert None not in hashes


@pytest.mark.slow
def test_the_engines_ask_a_base_model_the_same(tiny_model: Path, tokenizer: Any, tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    config = transformers.AutoConfig.from_pretrained(tiny_model, head_dim=64)  # 8 is too small for vLLM on a CPU
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    asked = Request("q", ASK, SamplingParams(max_tokens=1, temperature=0))
    counted = []
    for backend in ("transformers", "vllm"):
        with load_engine(str(tmp_path), backend, dtype="float32", max_model_len=64, say=lambda _: None) as engine:
            assert engine.describe()["chat_template_sha256"] is None
            counted += [sample.response.prompt_tokens for sample in engine.generate([asked])]
    assert counted == [len(encode(ASK, tokenizer)[0])] * 2
