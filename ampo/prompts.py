"""The only place where a prompt is made, and where a response is taken apart into thought and answer.

The authors' protocol is a system prompt that asks for `<answer>` tags and the question as the user's turn, through
the model's own chat template. Templates are data: `templates.toml`, or a file of the user's in the same form.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ampo.errors import UserError, nearest
from ampo.types import Message, Problem

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"
ANSWER_OPEN, ANSWER_CLOSE = "<answer>", "</answer>"


@dataclass(frozen=True, slots=True)
class Template:
    """How a problem becomes a conversation. `{question}` and `{options}` are the only fields.

    options_line: one option, with fields {letter} and {text}.
    description: for readers of the file; nothing reads it.
    """

    name: str
    user: str = "{question}"
    system: str | None = None
    options_line: str = "{letter}) {text}"
    description: str = ""

    def render(self, problem: Problem) -> tuple[Message, ...]:
        """The conversation for a problem. Options are shown below the question where the template has no {options}."""
        options = "\n".join(
            self.options_line.replace("{letter}", letter(i)).replace("{text}", text)
            for i, text in enumerate(problem.options)
        )
        user = self.user
        if options and "{options}" not in user:
            user = user.replace("{question}", "{question}\n\n{options}")
        fields = {"{question}": problem.question, "{options}": options}
        content = re.sub(r"\{(?:question|options)\}", lambda m: fields[m.group()], user).strip()
        messages: list[Message] = [{"role": "system", "content": self.system}] if self.system else []
        return (*messages, {"role": "user", "content": content})


def in_full(problem: Problem) -> str:
    """The question with its options below it: what tells two problems apart, and all that a judge has to read."""
    return Template("").render(problem)[-1]["content"] if problem.options else problem.question


def letter(index: int) -> str:
    """A for 0, B for 1, ... as choice questions are labelled."""
    return chr(ord("A") + index)


def load_template(name: str) -> Template:
    """A built-in template by name, or the one in a TOML file: PATH, or PATH#NAME where it has several.

    Raises UserError for an unknown name or key, and for a template without {question}.
    """
    path, _, key = name.partition("#")
    if not path.endswith(".toml"):
        known = _templates(None)
        if name not in known:
            raise UserError(f"unknown prompt template {name!r}: {nearest(name, known, 'a template')}")
        return known[name]
    known = _templates(Path(path))
    if not key and len(known) != 1:
        raise UserError(f"{path} has {len(known)} templates: name one, as in {path}#{next(iter(known), 'NAME')}")
    if key and key not in known:
        raise UserError(f"{path} has no template {key!r}: {nearest(key, known, 'a template')}")
    return known[key] if key else next(iter(known.values()))


def template_names() -> list[str]:
    """Our own templates."""
    return list(_templates(None))


@cache
def _templates(path: Path | None) -> dict[str, Template]:
    source = path or files("ampo").joinpath("templates.toml")
    try:
        data: dict[str, Any] = tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read the prompt templates {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid TOML: {error}") from error
    return {name: _template(name, table, path) for name, table in data.items()}


def _template(name: str, table: Any, path: Path | None) -> Template:
    where = f"{path}: template {name!r}"
    if not isinstance(table, dict):
        raise UserError(f'{where} must be a table: [{name}] with user = "{{question}}"')
    allowed = {"user", "system", "options_line", "description"}
    for key, value in table.items():
        if key not in allowed:
            raise UserError(f"{where} has an unknown key {key!r}: {nearest(key, sorted(allowed), 'a key')}")
        if not isinstance(value, str):
            raise UserError(f"{where}: {key} must be a string")
    template = Template(name=name, **table)
    if "{question}" not in template.user:
        raise UserError(f"{where}: user must contain {{question}}")
    return template


class Split(NamedTuple):
    """A response taken apart. Nothing is lost: thought and body are all of the text but the thought's own tags.

    thought: the inside of `<think>`, or what stands before `<answer>` where the model doesn't mark its thought.
    body: the rest, as it was written.
    finished: False where a thought was opened and never closed; then the body is empty.

    Where in the body the final answer stands is the verifier's to say (`ampo.verify.find.extract`).
    """

    thought: str
    body: str
    finished: bool


def split(text: str) -> Split:
    """Take a response apart."""
    if "<" not in text:  # no tag at all, which is seen sooner than that each is missing
        return Split("", text.strip(), finished=True)
    head, close, tail = text.rpartition(THINK_CLOSE)
    if close:
        before, mark, thought = head.partition(THINK_OPEN)
        thought = f"{before}{thought}" if mark and before.strip() else (thought if mark else head)
        return Split(thought.strip(), tail.strip(), finished=True)
    before, mark, thought = text.partition(THINK_OPEN)
    if mark and not before.strip():
        return Split(thought.strip(), "", finished=False)
    span = answer_span(text)
    if span:
        start = span[0] - len(ANSWER_OPEN)
        return Split(text[:start].strip(), text[start:].strip(), finished=True)
    return Split("", text.strip(), finished=True)


class ThoughtSplitter:
    """Tells thought from body while a response streams in, also where a tag is cut between two pieces.

    The tags themselves are not shown. A response that closes a thought it never opened is known for one only then.
    until_answer: the prompt asks for reasoning and an `<answer>` after it: what stands before that is thought.
    """

    def __init__(self, until_answer: bool = False) -> None:
        self._kind: Literal["thought", "body"] = "thought" if until_answer else "body"
        self._unmarked = until_answer  # no tag has opened the thought
        self._held = ""  # what may yet become a tag
        self._started = False

    def feed(self, text: str) -> Iterator[tuple[str, str]]:
        """("thought" or "body", text) for each stretch that is certain."""
        self._held += text
        if self._unmarked:
            yield from self._before_answer()
        while not self._unmarked:
            tag = THINK_CLOSE if self._kind == "thought" else THINK_OPEN
            before, found, rest = self._held.partition(tag)
            if found and (self._kind == "thought" or not (self._started or before.strip())):
                yield from self._emit(before)
                self._kind = "body" if self._kind == "thought" else "thought"
                self._held, self._started = rest, False
                continue
            keep = 0 if self._kind == "body" and self._started else _tag_prefix(self._held, tag)
            certain = self._held[: len(self._held) - keep]
            self._held = self._held[len(certain) :]
            yield from self._emit(certain)
            return

    def _before_answer(self) -> Iterator[tuple[str, str]]:
        """As `feed`, as long as no tag has ended a thought that none has opened."""
        opened = not self._started and self._held.lstrip().startswith(THINK_OPEN)
        ends = [at for tag in (ANSWER_OPEN, THINK_CLOSE) if (at := self._held.find(tag)) >= 0]
        if opened or ends:
            if not opened:
                before, self._held = self._held[: min(ends)], self._held[min(ends) :].removeprefix(THINK_CLOSE)
                yield from self._emit(before)
            self._kind, self._unmarked, self._started = "body", False, not opened
            return
        keep = max(_tag_prefix(self._held, tag) for tag in (THINK_OPEN, THINK_CLOSE, ANSWER_OPEN))
        certain, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        yield from self._emit(certain)

    def end(self) -> Iterator[tuple[str, str]]:
        """What was held back."""
        held, self._held = self._held, ""
        yield from self._emit(held)

    def _emit(self, text: str) -> Iterator[tuple[str, str]]:
        self._started = self._started or bool(text.strip())
        if text:
            yield self._kind, text


def _tag_prefix(text: str, tag: str) -> int:
    """The length of the longest end of `text` that begins `tag`."""
    return next((n for n in range(min(len(tag) - 1, len(text)), 0, -1) if tag.startswith(text[-n:])), 0)


def opened_thought(rendered_prompt: str) -> str:
    """What of the thought a chat template has written already ("<think>" and the space after it), or "".

    Engines put it in front of the response, so that a saved text tells its thought from its answer by itself.
    """
    start = rendered_prompt.rfind(THINK_OPEN)
    return rendered_prompt[start:] if rendered_prompt.rstrip().endswith(THINK_OPEN) else ""


def answer_span(text: str) -> tuple[int, int] | None:
    """Start and end of the content of the last complete `<answer>...</answer>`; None where there is none."""
    end = text.rfind(ANSWER_CLOSE) if "<" in text else -1
    start = text.rfind(ANSWER_OPEN, 0, max(end, 0))
    return (start + len(ANSWER_OPEN), end) if start >= 0 else None


def boxed_span(text: str) -> tuple[int, int] | None:
    """Start and end of the content of the last `\\boxed{...}` (or `\\fbox{...}`) whose braces balance.

    Time is linear in the length of the text.
    """
    limit = len(text)
    for box in reversed([m.end() for m in _BOX.finditer(text)] if "\\boxed" in text or "\\fbox" in text else []):
        end = _closing(text, box, limit)
        if end is not None:
            return box, end
        limit = box  # what doesn't close before a box that never closes doesn't close at all
    return None


_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BRACE = re.compile(r"\\[^a-zA-Z]|[{}]", re.DOTALL)  # an escaped brace doesn't count


def _closing(text: str, start: int, limit: int) -> int | None:
    """Where the brace opened just before `start` closes, before `limit`."""
    depth = 1
    for m in _BRACE.finditer(text, start, limit):
        depth += (m.group() == "{") - (m.group() == "}")
        if not depth:
            return m.start()
    return None


def render(messages: Sequence[Message], tokenizer: Any) -> str:
    """The conversation as the model reads it: through the tokenizer's chat template, with the assistant's turn opened.

    Where the conversation ends in the assistant's own words, the model is to go on from them: they stand after the
    opened turn as they were generated, thought and all, which a template would often drop.
    A tokenizer without a chat template (a base model's) gets the contents joined by blank lines.
    Raises UserError where the template refuses the conversation, as some do with a system prompt.
    """
    if messages and messages[-1]["role"] == "assistant":
        before = render(messages[:-1], tokenizer)
        return before + messages[-1]["content"].removeprefix(opened_thought(before))
    if getattr(tokenizer, "chat_template", None):
        from jinja2 import TemplateError

        try:
            return tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
        except TemplateError as error:
            raise UserError(_refusal(messages, error)) from error
    return "\n\n".join(m["content"] for m in messages) + "\n\n"


def _refusal(messages: Sequence[Message], error: Exception) -> str:
    roles = ", ".join(m["role"] for m in messages)
    mend = "leave out the system prompt (--template plain has none)" if messages[0]["role"] == "system" else "mend it"
    return f"the model's chat template refuses the turns {roles} ({error}): {mend}"
