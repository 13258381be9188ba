"""The prompts in OpenRLHF's form, and the pool of their verified solutions: files in the run's folder, written whole.

A label carries what the verifier needs and the prompt's uid, and no more: it is copied with every sample through Ray.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ampo.errors import UserError
from ampo.files import replacing
from ampo.guidance.formats import PoolEntry, line_of
from ampo.prompts import in_full
from ampo.training.openrlhf.flags import Place
from ampo.training.prompts import TrainPrompt, solution_rows
from ampo.types import Problem


def write(place: Place, prompts: Sequence[TrainPrompt], tokenizer: Any) -> None:
    """prompts.jsonl. Raises UserError where they can't be written, or a prompt can't be told in text."""
    rows = (
        {"input": _text(p, tokenizer), "label": label_of(p.problem), "datasource": p.problem.benchmark or "train"}
        for p in prompts
    )
    _write(place.prompts_file, (json.dumps(row) + "\n" for row in rows))


def solutions(
    prompts: Sequence[TrainPrompt], tokenizer: Any, end_ids: tuple[int, ...], max_tokens: int
) -> Iterator[tuple[str, str]]:
    """What preset sft learns from, as texts, which OpenRLHF puts together.

    A solution that melts into its prompt, so that the two together are other tokens, is left out.

    Args:
        prompts: With their solutions.
        tokenizer: The model's.
        end_ids: What closes a teacher's turn (`ampo.training.turn`).
        max_tokens: How long a solution with its end may be.

    Yields:
        The prompt, and the solution with the end of its turn.
    """

    def encode(text: str) -> list[int]:
        return tokenizer(text, add_special_tokens=False)["input_ids"]

    end = tokenizer.decode(end_ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    for prompt in prompts:
        asked = _text(prompt, tokenizer) if prompt.solutions else ""
        for solution in prompt.solutions:
            told = solution.content + end
            alone = replace(prompt, solutions=(solution,))
            for row in solution_rows(alone, encode, end_ids, max_tokens):
                if tuple(encode(asked + told)) == row.prompt_ids + row.response_ids:
                    yield asked, told


def write_solutions(place: Place, rows: Iterable[tuple[str, str]]) -> int:
    """prompts.jsonl for SFT; how many. Raises UserError where it can't be written."""
    written = 0

    def lines() -> Iterator[str]:
        nonlocal written
        for asked, told in rows:
            written += 1
            yield json.dumps({"input": asked, "output": told}) + "\n"

    _write(place.prompts_file, lines())
    return written


def write_pool(place: Place, prompts: Sequence[TrainPrompt]) -> None:
    """pool.jsonl: each prompt that has guidance, with its solutions, which were verified when they were read."""
    entries = (PoolEntry(p.problem.id, in_full(p.problem), p.problem.answer, tuple(p.solutions)) for p in prompts)
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
            "extract": problem.extract,
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
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {file} ({error.strerror}): make room, or give another --output-dir") from error
    with replacing(file) as stream:
        stream.writelines(line.encode("utf-8") for line in lines)
