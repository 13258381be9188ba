"""Votes of comparisons: lines appended to a JSONL file, each with all that repeats what was compared."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import ampo
from ampo.conversation import Conversation
from ampo.engines.base import Engine
from ampo.errors import UserError

Vote = Literal["a", "b", "tie", "neither"]
SCHEMA_VERSION = 1

_lock = threading.Lock()


def record(
    vote: Vote, sides: Mapping[str, tuple[Engine, Conversation]], order: tuple[str, str], blind: bool
) -> dict[str, Any]:
    """A line of the file. Of several turns `question` is the last one, which the answers are to.

    Args:
        vote: What was voted.
        sides: "a" and "b": who answered, and all that was said.
        order: Which of them stood left and which right.
        blind: Whether the voter did not know who is who.
    """
    turn = sides["a"][1].turns[-1]
    return {
        "schema_version": SCHEMA_VERSION,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "ampo": ampo.__version__,
        "vote": vote,
        "blind": blind,
        "order": list(order),
        "question": turn.question,
        "gold": turn.gold,
        "kind": turn.kind,
        "sides": {side: _side(*answered) for side, answered in sides.items()},
    }


def append(file: Path, line: Mapping[str, Any]) -> None:
    """Add a line, whole or not at all as far as other threads can see. Raises UserError where that can't be done."""
    text = json.dumps(line, ensure_ascii=True) + "\n"
    try:
        with _lock:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as stream:
                stream.write(text)
    except OSError as error:
        raise UserError(f"the vote can't be saved in {file}: {error.strerror or error}") from error


def _side(engine: Engine, talk: Conversation) -> dict[str, Any]:
    *earlier, turn = talk.turns
    asked = replace(talk, turns=(*earlier, replace(turn, answer=None)))
    made = turn.answer
    answer = (
        {k: v for k, v in made.to_dict().items() if k not in ("params", "model", "thought", "body")} if made else None
    )
    return {
        "model": engine.model,
        "engine": engine.describe(),
        "messages": list(asked.messages()),
        "sampling": made.params.to_dict() if made else None,
        "answer": answer,
    }
