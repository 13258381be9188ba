"""What transformers reads of a model besides its weights: the tokenizer and the config, at the model's revision."""

from __future__ import annotations

from typing import Any

from ampo.errors import MissingExtraError, UserError
from ampo.files import first_line
from ampo.models import ModelRef


def tokenizer_of(ref: ModelRef) -> Any:
    """The model's tokenizer. Raises UserError where there is none to be read, or no transformers to read it."""
    return _read("AutoTokenizer", ref, "tokenizer")


def config_of(ref: ModelRef) -> Any:
    """The model's config. Raises UserError as `tokenizer_of`."""
    return _read("AutoConfig", ref, "config")


def _read(kind: str, ref: ModelRef, what: str) -> Any:
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", "hf", f"reading a model's {what}") from error
    try:
        return getattr(transformers, kind).from_pretrained(ref.path, revision=ref.hub_revision)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{ref.name} has no {what} to be read: {first_line(error)}") from error
