"""A conversation as plain frozen data: what was asked, what was answered, how it was judged.

It is what a browser keeps, what is exported, saved and loaded, and what the next question is made from, on the page and
in the terminal. Whatever comes back is read by `from_dict`, which takes nothing on trust.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal

from ampo import prompts
from ampo.errors import UserError
from ampo.files import well_formed
from ampo.types import AnswerKind, Message, Response, SamplingParams, TokenLogprobs, Verdict

MAX_TURNS = 200
MAX_TEXT = 5_000_000
"""Characters of one text that comes back from a browser: as many as it keeps of all together."""

State = Literal["running", "stop", "length", "stopped", "interrupted", "failed"]
"""stop: the model ended it. length: cut off by a limit. stopped: by the user. failed: see `error`.
interrupted: it was still running when it was kept, and what made it is gone."""
UNFINISHED: tuple[State, ...] = ("length", "stopped", "interrupted")
"""What a model can go on with."""


def parts(text: str, system: str) -> tuple[str, str]:
    """Thought and body of an answer. What stands before an `<answer>` is a thought where the prompt asks for that."""
    if prompts.THINK_CLOSE in text or prompts.THINK_OPEN in text or prompts.ANSWER_OPEN in system:
        found = prompts.split(text)
        return found.thought, found.body
    return "", text.strip()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said to one question, and everything that repeats it.

    thought_seconds: how long it thought; None without a thought.
    tokens are counted by the engine; where it could not (a stopped answer) they are its steps and `estimated` is true.
    While it is being made: note says what is tried again, place how many are served before it, live is the key under
    which the server has it (see `ampo.app.live`).
    logprobs: of its tokens, where they were asked for; they are large, and leave the process with `ampo.app` alone.
    """

    text: str = ""
    thought: str = ""
    body: str = ""
    model: str = ""
    params: SamplingParams = field(default_factory=SamplingParams)
    state: State = "running"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = False
    seconds: float = 0.0
    first_token_seconds: float | None = None
    thought_seconds: float | None = None
    error: str = ""
    verdict: Verdict | None = None
    note: str = ""
    place: int = 0
    live: str = ""
    logprobs: tuple[TokenLogprobs, ...] = field(default=(), compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, without the probabilities."""
        return {name: value for name, value in asdict(replace(self, logprobs=())).items() if name != "logprobs"}

    def finished(self, response: Response) -> Answer:
        """The same as the engine has ended it."""
        states: dict[str, State] = {"stop": "stop", "length": "length", "abort": "stopped"}
        return replace(
            self,
            text=response.text,
            state=states.get(response.finish_reason, "failed"),
            prompt_tokens=response.prompt_tokens or 0,
            completion_tokens=response.completion_tokens or 0,
            seconds=response.seconds,
            first_token_seconds=response.first_token_seconds,
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer. gold: the expected answer, "" for none; system: the prompt it was under."""

    question: str
    system: str = ""
    gold: str = ""
    kind: AnswerKind = "auto"
    answer: Answer | None = None

    def without_logprobs(self) -> Turn:
        """See `Conversation.without_logprobs`."""
        if self.answer is None or not self.answer.logprobs:
            return self
        return replace(self, answer=replace(self.answer, logprobs=()))


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in order. name: what its owner calls it. title: that, else the first question's beginning."""

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    turns: tuple[Turn, ...] = ()
    name: str = ""

    @property
    def title(self) -> str:
        first = self.name or (" ".join(self.turns[0].question.split()) if self.turns else "New conversation")
        return first if len(first) <= 60 else first[:57] + "..."

    def with_answer(self, answer: Answer) -> Conversation:
        """The same with another answer to the last question."""
        return replace(self, turns=(*self.turns[:-1], replace(self.turns[-1], answer=answer)))

    def messages(self) -> tuple[Message, ...]:
        """What the model is to see for the last turn: without the thoughts and failures of earlier ones.

        Ends in the last answer's own words where it has any: then the model goes on from there.
        """
        *earlier, last = self.turns
        messages: list[Message] = [{"role": "system", "content": last.system}] if last.system else []
        for turn in earlier:
            said = parts(turn.answer.text, turn.system)[1] if turn.answer else ""
            if said:
                messages.append({"role": "user", "content": turn.question})
                messages.append({"role": "assistant", "content": said})
        messages.append({"role": "user", "content": last.question})
        if last.answer and last.answer.text:
            messages.append({"role": "assistant", "content": last.answer.text})
        return tuple(messages)

    def to_dict(self) -> dict[str, Any]:
        data = asdict(self.without_logprobs())
        for turn in data["turns"]:
            (turn["answer"] or {}).pop("logprobs", None)
        return data

    def without_logprobs(self) -> Conversation:
        """The same without what is large and nobody keeps."""
        return replace(self, turns=tuple(turn.without_logprobs() for turn in self.turns))

    def to_json(self) -> str:
        return json.dumps(self.to_dict() | {"title": self.title}, indent=1, ensure_ascii=False)


def from_dict(data: Any) -> Conversation:
    """A conversation that a browser kept. Raises UserError for what isn't one."""
    try:
        turns = tuple(_turn(turn) for turn in data["turns"][:MAX_TURNS])
        name = " ".join(_text(data.get("name", "")).split())[:200]
        return Conversation(_text(data["id"])[:32], _text(data["started"])[:40], turns, name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError("this conversation can't be read: it was saved by another version, or changed") from error


def from_json(text: str) -> Conversation:
    """The same of its JSON."""
    try:
        return from_dict(json.loads(text))
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError("this conversation can't be read: it was changed") from error


def live_key(text: str) -> str:
    """Under which key the server may still have the last answer of a conversation that a browser kept; "" for none."""
    try:
        answer = json.loads(text)["turns"][-1]["answer"]
        return _text(answer["live"]) if answer["state"] == "running" else ""
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return ""


def _turn(data: Mapping[str, Any]) -> Turn:
    kind = data.get("kind", "auto")
    answer = data.get("answer")
    system = _text(data.get("system", ""))
    return Turn(
        question=_text(data["question"]),
        system=system,
        gold=_text(data.get("gold", "")),
        kind=kind if kind in ("auto", "math", "choice") else "auto",
        answer=_answer(answer, system) if answer else None,
    )


def _answer(data: Mapping[str, Any], system: str) -> Answer:
    counts: dict[str, Any] = {
        name: _number(data.get(name)) or 0 for name in ("prompt_tokens", "completion_tokens", "seconds")
    }
    times: dict[str, Any] = {name: _number(data.get(name)) for name in ("first_token_seconds", "thought_seconds")}
    verdict = data.get("verdict")
    state = data.get("state")
    thought, body = parts(text := _text(data.get("text", "")), system)
    return Answer(
        text=text,
        thought=thought,
        body=body,
        model=_text(data.get("model", "")),
        params=_known(SamplingParams, data.get("params") or {}),
        state=state if state in ("stop", *UNFINISHED, "failed") else "interrupted",
        estimated=bool(data.get("estimated")),
        error=_text(data.get("error", "")),
        verdict=_known(Verdict, verdict) if verdict else None,
        **counts,
        **times,
    )


def _known(kind: type, data: Mapping[str, Any]) -> Any:
    names = {f.name for f in fields(kind)}
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in data.items() if name in names})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return well_formed(value[:MAX_TEXT])


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
