"""The prompts in OpenRLHF's form, and the pool of their verified solutions: files in the run's folder, written whole.

A label carries what the verifier needs and the prompt's uid, and no more: it is copied with every sample through Ray.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ampo.errors import UserError
from ampo.guidance.formats import PoolEntry, line_of
from ampo.training.openrlhf.flags import Place
from ampo.training.prompts import TrainPrompt
from ampo.types import Problem


def write(place: Place, prompts: Sequence[TrainPrompt], tokenizer: Any) -> None:
    """prompts.jsonl. Raises UserError where they can't be written, or a prompt can't be told in text."""
    rows = (
        {"input": _text(p, tokenizer), "label": label_of(p.problem), "datasource": p.problem.benchmark or "train"}
        for p in prompts
    )
    _write(place.prompts_file, (json.dumps(row) + "\n" for row in rows))


def write_pool(place: Place, prompts: Sequence[TrainPrompt]) -> None:
    """pool.jsonl: each prompt that has guidance, with its solutions, which were verified when they were read."""
    entries = (PoolEntry(p.problem.id, p.problem.question, p.problem.answer, p.solutions) for p in prompts)
    _write(place.pool_file, (line_of(entry) for entry in entries if entry.solutions))


def label_of(problem: Problem) -> str:
    """What travels with a prompt. The question is no longer than the prompt, which travels as well."""
    return json.dumps(
        {
            "uid": problem.id,
            "answer": problem.answer,
            "kind": problem.kind,
            "options": list(problem.options),
            "question": problem.question,
        }
    )


def _text(prompt: TrainPrompt, tokenizer: Any) -> str:
    """OpenRLHF takes text and encodes it itself, without special tokens: it must come out as the same ids."""
    text = tokenizer.decode(prompt.ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    if tuple(tokenizer(text, add_special_tokens=False)["input_ids"]) != prompt.ids:
        raise UserError(
            f"prompt {prompt.problem.id!r} does not survive this tokenizer (ids to text and back), as OpenRLHF needs: "
            "leave it out of data.train, or train with --backend local"
        )
    return text


def _write(file: Path, lines: Iterable[str]) -> None:
    work = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with work.open("w", encoding="utf-8") as stream:
            stream.writelines(lines)
        work.replace(file)
    except OSError as error:
        work.unlink(missing_ok=True)
        raise UserError(f"cannot write {file} ({error.strerror}): make room, or give another --output-dir") from error
