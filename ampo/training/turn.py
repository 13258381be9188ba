"""The end of a turn: what a chat template writes after the assistant's content, and what closes a teacher's solution.

It is not always `eos_token`: Gemma's templates write `<end_of_turn>` and some of Llama 3 `<|eot_id|>` where the
tokenizer names another. A model that is trained to end otherwise learns a token that nobody writes there.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ampo.errors import UserError

_CONTENT = "CONTENT"
_TURNS = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": _CONTENT}]


def end_of_turn(tokenizer: Any, stop_ids: Collection[int]) -> tuple[int, ...]:
    """The tokens that the chat template writes after the assistant's content, up to the one that ends generation.

    A tokenizer without a chat template (a base model's), or with one that writes nothing there, ends with `eos_token`;
    () where there is none.

    Args:
        tokenizer: The model's.
        stop_ids: Tokens at which generation stops (`ampo.engines.transformers.stop_ids`).

    Raises:
        UserError: The template's end is none of the tokens at which generation stops, or it refuses a conversation.
    """
    written = _after_content(tokenizer) if getattr(tokenizer, "chat_template", None) else ""
    if not written.strip():
        return () if tokenizer.eos_token_id is None else (tokenizer.eos_token_id,)
    ids = tokenizer(written, add_special_tokens=False)["input_ids"]
    for place, token in enumerate(ids):
        if token in stop_ids:
            return tuple(ids[: place + 1])
    stops = ", ".join(repr(tokenizer.convert_ids_to_tokens(i)) for i in sorted(stop_ids)) or "none"
    raise UserError(
        f"the model's chat template ends the assistant's turn with {written.strip()!r}, at which generation does not "
        f"stop (it stops at {stops}): add its token to eos_token_id in the model's generation_config.json"
    )


def _after_content(tokenizer: Any) -> str:
    from jinja2 import TemplateError

    try:
        text: str = tokenizer.apply_chat_template(_TURNS, tokenize=False)
    except TemplateError as error:
        raise UserError(f"the model's chat template refuses a question with its answer ({error}): mend it") from error
    return text.rpartition(_CONTENT)[2]
