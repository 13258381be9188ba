"""The end of a turn for the templates of six families (small ones of our own, in tests/templates)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ampo.errors import UserError
from ampo.training.turn import end_of_turn

TEMPLATES = Path(__file__).parents[1] / "templates"
FAMILIES = {  # the token that the tokenizer calls eos_token, the one that the template ends a turn with
    "qwen2.5": ("<|im_end|>", "<|im_end|>"),
    "qwen3": ("<|im_end|>", "<|im_end|>"),
    "llama3": ("<|end_of_text|>", "<|eot_id|>"),
    "gemma": ("<eos>", "<end_of_turn>"),
    "smollm2": ("<|im_start|>", "<|im_end|>"),
    "mistral": ("</s>", "</s>"),
}


def tokenizer_of(family: str, model_path: str) -> Any:
    from transformers import AutoTokenizer

    eos, end = FAMILIES[family]
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    tokenizer.add_special_tokens({"eos_token": eos, "additional_special_tokens": [end]})
    tokenizer.chat_template = (TEMPLATES / f"{family}.jinja").read_text()
    return tokenizer


@pytest.mark.parametrize("family", FAMILIES)
def test_the_end_is_what_the_template_writes(family: str, model_path: str) -> None:
    tokenizer = tokenizer_of(family, model_path)
    eos, end = (tokenizer.convert_tokens_to_ids(token) for token in FAMILIES[family])
    assert end_of_turn(tokenizer, {eos, end}) == (end,)
    if eos != end:
        with pytest.raises(UserError, match="generation does not stop"):
            end_of_turn(tokenizer, {eos})


def test_without_a_template_it_is_the_tokenizers_end(model_path: str) -> None:
    tokenizer = tokenizer_of("qwen2.5", model_path)
    tokenizer.chat_template = None
    assert end_of_turn(tokenizer, ()) == (tokenizer.eos_token_id,)
    tokenizer.eos_token = None
    assert end_of_turn(tokenizer, ()) == ()


def test_the_embedded_model_writes_the_end_that_is_trained(model_path: str) -> None:
    import torch

    from ampo.engines.settings import EngineSettings
    from ampo.engines.transformers import load, stop_ids
    from ampo.prompts import render

    loaded = load(model_path, None, EngineSettings(dtype="float32"), "cpu", None)
    assert stop_ids(model_path, None, loaded.tokenizer) == loaded.stop_ids
    (end,) = end_of_turn(loaded.tokenizer, loaded.stop_ids)
    text = render([{"role": "user", "content": "What is 2+2?"}], loaded.tokenizer) + "2+2 is 4."
    with torch.no_grad():
        logits = loaded.model(torch.tensor([loaded.tokenizer(text)["input_ids"]])).logits[0, -1]
    assert logits.log_softmax(-1)[end] > -2
    assert loaded.tokenizer.eos_token_id == loaded.model.generation_config.eos_token_id == end
    assert loaded.tokenizer.pad_token_id is not None
