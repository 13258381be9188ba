"""The student: transformers' own Llama over characters, from scratch, and its tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ampo.prompts import ANSWER_CLOSE, ANSWER_OPEN
from ampo.types import Problem

PAD, END = "<pad>", "</s>"
CHARACTERS = "0123456789+-=;?!#~|<> ,adeilns:\n"


@dataclass(frozen=True, slots=True)
class Shape:
    """The decoder's size."""

    hidden: int
    layers: int
    heads: int


def make_tokenizer() -> Any:
    """A token a character; the answer's tags are tokens of their own.

    A space at the beginning is none: where a comprehension score is taken, one is put between tag and answer
    (`ampo.guidance.splice`), where this student writes none.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {token: i for i, token in enumerate((PAD, END, ANSWER_OPEN, ANSWER_CLOSE, *CHARACTERS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=PAD))
    tokenizer.normalizer = normalizers.Strip(left=True, right=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"</?answer>|[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=END)


def write_untrained(folder: Path, shape: Shape, longest: int, seed: int) -> None:
    """A Hugging Face folder with random weights.

    Args:
        folder: Where it is written.
        shape: The model's sizes.
        longest: Tokens of prompt and response together.
        seed: Of the weights.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        intermediate_size=4 * shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=longest,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def prompt_ids(tokenizer: Any, problem: Problem) -> tuple[int, ...]:
    """A problem as the student reads it."""
    return tuple(tokenizer(f"{problem.question}:")["input_ids"])
