"""A row of a guidance pool, in each of the shapes that pools come in.

Ours: {"uid", "question", "answer", "solutions": [{"source", "content", "tokens"?, "verified"?}]}; whatever else a
solution carries is kept as its metadata. The authors' (SII-Enigma/OpenR1-Math-4LongCoTs-8.5k) and its relatives share
veRL's outer shape, `prompt` [{role, content}] and `reward_model` {ground_truth}, and differ in where the teachers'
solutions are: `target_lst` [{content, quality_score, role, source}] in the authors' set, `target` in LUFFY's, nowhere
in veRL's own. Each shape may come as JSONL or as Parquet.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ampo.errors import UserError
from ampo.files import dump
from ampo.types import Solution
from ampo.verify.references import reference

Row = Mapping[str, Any]

PROMPT_COLUMNS = ("uid", "question", "answer", "prompt", "reward_model")
"""What identifies a prompt, in any shape."""

_SOLUTION_FIELDS = ("source", "content", "tokens", "verified")


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """A prompt of a pool with its teachers' solutions, in the order of the file.

    uid: the row's own, else a digest of the question, so that the same prompt has the same uid in every file.
    """

    uid: str
    question: str
    answer: str
    solutions: tuple[Solution, ...] = ()


class Prompt(NamedTuple):
    """What a row says about its prompt."""

    uid: str
    question: str
    answer: str


def question_key(text: str) -> str:
    """What two spellings of the same text have in common: compatible characters, and one space for any white space."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def question_uid(question: str) -> str:
    """A uid made of the question alone: the same for the same prompt, whatever the file."""
    return hashlib.blake2b(question_key(question).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def check_columns(columns: Collection[str], where: str) -> None:
    """Raise UserError, naming the columns found, where they are of no known shape."""
    missing = [[c for c in shape if c not in columns] for shape in (("question", "answer"), ("prompt", "reward_model"))]
    if all(missing):
        found = ", ".join(map(str, columns)) or "none"
        raise UserError(
            f"{where}: no guidance pool: it must have `question`, `answer` and `solutions`, "
            f"or `prompt` and `reward_model`; the columns are: {found}"
        )


def prompt_of(row: Row, where: str) -> Prompt:
    """The prompt of a row of any shape. Raises UserError for a row that has none."""
    check_columns(row, where)
    if "question" in row and "answer" in row:
        question, answer = row["question"], row["answer"]
    else:
        question, answer = _last_user_turn(row["prompt"], where), row["reward_model"]
    question, answer = _text(question, "question", where), _text(_reference(answer, where), "answer", where)
    uid = row.get("uid")
    return Prompt(question_uid(question) if uid is None else _text(uid, "uid", where), question, answer)


def entry_of(row: Row, where: str) -> PoolEntry:
    """A row of any shape as an entry. Raises UserError that names the row for one that is broken."""
    return PoolEntry(*prompt_of(row, where), solutions=solutions_of(row, where))


def solutions_of(row: Row, where: str) -> tuple[Solution, ...]:
    """The teachers' solutions of a row; none where it has no place for them."""
    column = next((c for c in ("solutions", "target_lst", "target") if row.get(c) is not None), None)
    if column is None:
        return ()
    items = row[column]
    if isinstance(items, (str, Mapping)):
        items = [items]
    if not isinstance(items, Sequence):
        raise UserError(f"{where}: `{column}` must be a list of solutions, this is a {type(items).__name__}")
    return tuple(_solution(item, f"{where}, solution {i}") for i, item in enumerate(items, 1))


def line_of(entry: PoolEntry) -> str:
    """An entry as a line of our JSONL."""
    solutions = [
        {
            **solution.metadata,
            "source": solution.source,
            "content": solution.content,
            **({} if solution.tokens is None else {"tokens": solution.tokens}),
            **({} if solution.verified is None else {"verified": solution.verified}),
        }
        for solution in entry.solutions
    ]
    row = {"uid": entry.uid, "question": entry.question, "answer": entry.answer, "solutions": solutions}
    return dump(row, default=str)


def _solution(item: Any, where: str) -> Solution:
    if isinstance(item, str):
        item = {"content": item}
    if not isinstance(item, Mapping):
        raise UserError(f"{where}: a solution must be text or an object with `content`, not {type(item).__name__}")
    content, tokens, verified = item.get("content"), item.get("tokens"), item.get("verified")
    if not isinstance(content, str) or not content.strip():
        raise UserError(f"{where}: `content` must be text that isn't empty")
    if tokens is not None and (not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < 0):
        raise UserError(f"{where}: `tokens` must be a whole number, not {tokens!r}")
    if verified is not None and not isinstance(verified, bool):
        raise UserError(f"{where}: `verified` must be true, false or missing, not {verified!r}")
    source = item.get("source")
    return Solution(
        source="teacher" if source is None else _text(source, "source", where),
        content=content,
        tokens=tokens,
        verified=verified,
        metadata={k: v for k, v in item.items() if k not in _SOLUTION_FIELDS and v is not None},
    )


def _last_user_turn(prompt: Any, where: str) -> Any:
    """A system prompt in the file is left out: the prompt template brings its own."""
    if isinstance(prompt, str):
        return prompt
    turns = prompt if isinstance(prompt, Sequence) else []
    questions = [turn.get("content") for turn in turns if isinstance(turn, Mapping) and turn.get("role") == "user"]
    if not questions:
        raise UserError(f"{where}: the prompt has no turn of the user: it must be [{{role, content}}, ...]")
    return questions[-1]


def _reference(answer: Any, where: str) -> Any:
    try:
        return reference(answer)
    except ValueError as error:
        raise UserError(f"{where}: `answer`: {error}") from error


def _text(value: Any, what: str, where: str) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{where}: `{what}` must be text that isn't empty")
    return value.strip()
