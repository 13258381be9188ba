"""What programs get that call the page as an API: the same messages, with every text as it was written.

What people see has invisible characters in it (see `ampo.app.markdown`), which are nothing for a program.
"""

from __future__ import annotations

from collections.abc import Sequence

from ampo.app.render import Message, footer, message, thought_title
from ampo.conversation import Answer, Turn


class Plain:
    """As `ampo.app.render.Live`, for programs."""

    def messages(self, turns: Sequence[Turn]) -> list[Message]:
        return [one for turn in turns for one in _messages(turn)]


def _messages(turn: Turn) -> list[Message]:
    asked, made = message("user", turn.question), turn.answer
    return [asked, *(_answer(made, turn.gold) if made else [])]


def _answer(made: Answer, gold: str) -> list[Message]:
    messages = []
    if made.thought:
        messages.append(message("assistant", made.thought, thought_title(made)))
    if text := _after_thought(made):
        messages.append(message("assistant", text))
    if made.state != "running":
        messages.append(message("assistant", footer(made, gold)))
    return messages


def _after_thought(made: Answer) -> str:
    """To the byte: the text of an answer without a thought, else what begins with its first word after that."""
    at = made.text.rfind(made.body) if made.thought else 0
    return made.text[at:] if at >= 0 else made.body
