"""Turns as messages of Gradio's chatbot: the question, the thought folded away, the answer, and what there is to know.

One turn is several messages, since Gradio folds whole messages. Numbers, badges and errors are HTML of our own making
around escaped text; what a model or a person wrote goes through `ampo.app.markdown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from html import escape
from typing import Any, Protocol

from ampo.app import markdown
from ampo.conversation import UNFINISHED, Answer, Turn
from ampo.types import OUTCOMES, Outcome, Verdict

Message = dict[str, Any]

BADGES: dict[Outcome, tuple[str, str]] = {
    "correct": ("✓", "right"),
    "wrong": ("✗", "wrong"),
    "no_answer": ("∅", "no answer"),
    "truncated": ("✂", "cut off"),
    "timeout": ("⏱", "time-out"),
}
assert tuple(BADGES) == OUTCOMES

ENDS = {
    "stop": "finished",
    "length": "cut off by the token limit",
    "stopped": "stopped",
    "interrupted": "interrupted: the server was started anew, or this page was away for too long",
    "failed": "failed",
    "running": "",
}

MOST_SHOWN = 100_000
"""Characters of one text that are drawn: a browser takes long for more, and the page's server must scan them."""


def bounded(text: str, draw: Callable[[str], str], most: int = MOST_SHOWN) -> str:
    """A text as it is drawn; of a very long one the beginning, and a line that says so."""
    return draw(text) if len(text) <= most else draw(markdown.closed(text[:most])) + more(text, most)


def more(text: str, most: int = MOST_SHOWN) -> str:
    """How much of a text is not shown, as HTML; "" where all of it is."""
    if len(text) <= most:
        return ""
    said = f"{len(text) - most:,} more characters are not shown here: files have them (exports, responses.jsonl)"
    return f'\n\n<div class="ampo-more">{said}</div>'


class Drawing(Protocol):
    """Makes messages of turns; one for each answer that grows."""

    def messages(self, turns: Sequence[Turn]) -> list[Message]: ...


class Live:
    """Draws a conversation whose last answer grows: earlier turns once, and of the last only what is new."""

    def __init__(self) -> None:
        self._thought, self._body = markdown.Growing(), markdown.Growing()

    def messages(self, turns: Sequence[Turn]) -> list[Message]:
        """The chatbot's messages for all turns."""
        if not turns:
            return []
        *earlier, last = turns
        if last.answer is None or last.answer.state != "running":
            return conversation(turns)
        made = last.answer
        thought, body = bounded(made.thought, self._thought.render), bounded(made.body, self._body.render)
        return [
            *conversation(earlier),
            _user(last.question),
            *_answer(made, thought, body, last.gold),
        ]


def conversation(turns: Iterable[Turn]) -> list[Message]:
    """The chatbot's messages for turns that don't grow."""
    return [message for turn in turns for message in turn_messages(turn)]


def turn_messages(turn: Turn) -> tuple[Message, ...]:
    return _turn_messages(turn.without_logprobs())  # what is kept here must not keep those


@lru_cache(maxsize=256)
def _turn_messages(turn: Turn) -> tuple[Message, ...]:
    made = turn.answer
    if made is None:
        return (_user(turn.question),)
    return (_user(turn.question), *answer_messages(made, turn.gold))


@lru_cache(maxsize=256)
def answer_messages(made: Answer, gold: str = "") -> tuple[Message, ...]:
    """The messages of an answer that doesn't grow: thought, body, footer."""
    thought, body = bounded(made.thought, markdown.harmless), bounded(made.body, markdown.body)
    return tuple(_answer(made, thought, body, gold))


def whole(made: Answer, gold: str, most: int = MOST_SHOWN) -> str:
    """A whole answer as Markdown, its thought folded away in it."""
    body = bounded(made.body, lambda text: markdown.body(markdown.closed(text)), most)
    parts = [body or _waiting(made), footer(made, gold)]
    if made.thought:
        thought = bounded(made.thought, lambda text: markdown.harmless(markdown.closed(text)), most)
        name = thought_title(made)["title"]
        parts.insert(0, f"<details><summary>{name}</summary>\n\n{thought}\n\n</details>")
    return "\n\n".join(parts)


_RAW = {ord(sign): f"&#{ord(sign)};" for sign in "<>&\"'\\`*_{}[]()#+-.!|~$^=:\n"} | dict.fromkeys(
    range(0x2060, 0x2065)
)


def raw(text: str) -> str:
    """A text as HTML that stays one block among Markdown; nothing in it is taken for Markdown or a formula."""
    return text.translate(_RAW)


def turn_at(turns: Sequence[Turn], message: int) -> int:
    """Which turn the chatbot's message of that index belongs to."""
    for index, turn in enumerate(turns):
        message -= len(turn_messages(turn))
        if message < 0:
            return index
    return len(turns) - 1


def _user(text: str) -> Message:
    return message("user", bounded(text, markdown.harmless))


def _answer(made: Answer, thought: str, body: str, gold: str) -> list[Message]:
    messages: list[Message] = []
    if thought:
        messages.append(message("assistant", f"{markdown.ASIDE}{thought}{markdown.ASIDE}", thought_title(made)))
    if body or not thought:
        messages.append(message("assistant", body or _waiting(made)))
    if made.state != "running":
        messages.append(message("assistant", footer(made, gold)))
    return messages


def message(role: str, text: str, metadata: dict[str, Any] | None = None) -> Message:
    """A message of the chatbot as the page takes it, so that Gradio need not look at it again."""
    return {"role": role, "metadata": metadata, "content": [{"type": "text", "text": text}], "options": None}


def thought_title(made: Answer) -> dict[str, Any]:
    words = len(made.thought.split())
    seconds = f"{made.thought_seconds:.0f} s, " if made.thought_seconds is not None else ""
    length = f"{seconds}{words:,} word{'' if words == 1 else 's'}"
    thinking = made.state == "running" and not made.body
    verb = "Thinking" if thinking else "Thought" if made.body else "Thought without an end"
    return {"title": f"{verb} · {length}", "status": "pending" if thinking else "done"}


def _waiting(made: Answer) -> str:
    if made.state == "running" and made.note:
        return f'<span class="ampo-wait">{escape(clip(made.note))}</span>'
    if made.state == "running" and made.place:
        others = "1 question" if made.place == 1 else f"{made.place} questions"
        return f'<span class="ampo-wait">in line: {others} before this one</span>'
    if made.state == "running":
        return f'<span class="ampo-wait">waiting for the first token · {made.seconds:.0f} s</span>'
    return '<span class="ampo-wait">no text</span>'


def footer(made: Answer, gold: str = "") -> str:
    """What there is to know under an answer: its verdict, times, counts, how it ended, its seed."""
    verdict = badge(made.verdict, gold) if made.verdict else ""
    error = escape(made.error or "the engine could not answer")
    failed = f'<div class="ampo-error">{error}</div>' if made.state == "failed" else ""
    return f'{verdict}{failed}<div class="ampo-stats">{" · ".join(stats(made))}</div>'


def stats(made: Answer) -> list[str]:
    """Times and counts in words, safe for HTML."""
    about = "about " if made.estimated else ""
    line: list[str] = []
    if made.completion_tokens or made.state != "interrupted":  # who counted them is gone
        line.append(f"{about}{made.completion_tokens:,} token{'' if made.completion_tokens == 1 else 's'}")
    if made.prompt_tokens:
        line.append(f"{made.prompt_tokens:,} in the prompt")
    if made.first_token_seconds is not None:
        line.append(f"first after {made.first_token_seconds:.2f} s")
    if made.seconds and made.completion_tokens:
        line.append(f"{made.completion_tokens / made.seconds:.1f} tokens/s")
    end = f'<b class="ampo-cut">{ENDS[made.state]}</b>' if made.state in UNFINISHED else ENDS[made.state]
    line.append(end)
    if made.params.temperature > 0 and made.params.seed is not None:
        line.append(f"seed {made.params.seed}")
    return line


def badge(verdict: Verdict, gold: str = "") -> str:
    """The verifier's word: the outcome, what it found, what was expected, and why."""
    sign, word = BADGES[verdict.outcome]
    mark = f'<span class="ampo-badge ampo-{verdict.outcome}">{sign} {word}</span>'
    found = f"found <code>{escape(clip(verdict.extracted))}</code>" if verdict.extracted else "found nothing"
    expected = f", expected <code>{escape(clip(gold))}</code>" if gold else ""
    why = f" · {escape(clip(verdict.reason))}" if verdict.reason else ""
    return f'<div class="ampo-verdict">{mark} <span>{found}{expected}{why}</span></div>'


def clip(text: str, length: int = 300) -> str:
    """In one line, and not longer than that."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[:length]}..."
