"""The plain data that passes between the stages. Frozen, and free of imports of ours but the errors.

`Problem -> Request -> Response -> Verdict`; a `Solution` is a teacher's response in a guidance pool.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from numbers import Real
from typing import Any, Literal, NamedTuple, TypedDict

from ampo.errors import UserError, nearest

Outcome = Literal["correct", "wrong", "no_answer", "truncated", "timeout"]
OUTCOMES: tuple[Outcome, ...] = ("correct", "wrong", "no_answer", "truncated", "timeout")

Protocol = Literal["ampo", "official", "judge"]
RULES: tuple[Protocol, ...] = ("ampo", "official")
"""The protocols that the verifier judges by, and so all that may be a reward."""
PROTOCOLS: tuple[Protocol, ...] = (*RULES, "judge")
"""With the second opinion of a model, which is for evaluation alone (`ampo.eval.judge`)."""


def as_protocol(name: str, known: Sequence[Protocol] = RULES) -> Protocol:
    """A protocol by its name; UserError for an unknown one, and for the judge where rules are asked for."""
    for protocol in known:
        if name == protocol:
            return protocol
    if name == "judge":
        raise UserError(
            "protocol judge is a model's opinion, for evaluation alone and never a reward: "
            "`ampo score RUN --judge MODEL` asks for it"
        )
    raise UserError(f"unknown protocol {name!r}: {nearest(str(name), known, 'a protocol')}")


AnswerKind = Literal["auto", "math", "choice"]
FinishReason = Literal["stop", "length", "abort", "error"]


class Message(TypedDict):
    """One turn of a conversation, as chat templates and OpenAI-compatible servers take it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with its reference answer.

    id: unique in its benchmark, of the form "<benchmark>/<key>".
    options: the texts of a choice question, in order A, B, ...; empty where there are none or where the question
        already shows them.
    kind: what the reference answer is; "auto" leaves it to the verifier.
    extract: how the answer is found in a response, where the benchmark has a way of its own (see
        `ampo.verify.find.own`); "" leaves it to the verifier.
    """

    id: str
    question: str
    answer: str
    benchmark: str = ""
    options: tuple[str, ...] = ()
    kind: AnswerKind = "auto"
    extract: str = ""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How to sample, with vLLM's names and meanings.

    n: samples of the same prompt. Sample i of a seeded request uses seed + i, in every engine.
    temperature: 0 is greedy.
    top_k: 0 considers every token.
    max_tokens: new tokens at most; None is whatever the model's context leaves.
    seed: None draws anew each time.

    Raises UserError for a value of another type or out of range.
    """

    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    max_tokens: int | None = None
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if expected := _other_type(name, getattr(self, name)):
                raise UserError(f"sampling parameter {name} is {getattr(self, name)!r}: it must be {expected}")
        object.__setattr__(self, "stop", (self.stop,) if isinstance(self.stop, str) else tuple(self.stop))
        limits = {
            "n": (self.n >= 1, "at least 1"),
            "temperature": (0.0 <= self.temperature < float("inf"), "0 (greedy) or more"),
            "top_p": (0.0 < self.top_p <= 1.0, "above 0 and at most 1"),
            "top_k": (self.top_k >= 0, "0 (all tokens) or more"),
            "min_p": (0.0 <= self.min_p <= 1.0, "between 0 and 1"),
            "max_tokens": (self.max_tokens is None or self.max_tokens >= 1, "at least 1"),
            "repetition_penalty": (0.0 < self.repetition_penalty < float("inf"), "above 0"),
            "presence_penalty": (-2.0 <= self.presence_penalty <= 2.0, "between -2 and 2"),
            "frequency_penalty": (-2.0 <= self.frequency_penalty <= 2.0, "between -2 and 2"),
            "seed": (self.seed is None or 0 <= self.seed < 2**63, "between 0 and 2^63 - 1"),
        }
        for name, (ok, expected) in limits.items():
            if not ok:
                raise UserError(f"sampling parameter {name} is {getattr(self, name)}: it must be {expected}")

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for configs and records."""
        return asdict(self) | {"stop": list(self.stop)}


def _other_type(name: str, value: object) -> str:
    """What a sampling parameter must be, where this is of another type; else ""."""
    if name == "stop":
        texts = isinstance(value, Collection) and all(isinstance(text, str) for text in value)
        return "" if texts else "text, or a list of texts"
    if value is None and name in ("max_tokens", "seed"):
        return ""
    if isinstance(value, bool) or not isinstance(value, Real):
        return "a number"
    return "a whole number" if name in ("n", "top_k", "max_tokens", "seed") and value % 1 else ""


@dataclass(frozen=True, slots=True)
class Request:
    """What an engine is asked.

    prompt: a conversation, which goes through the model's chat template; or a string, which goes to the model as it is.
    logprobs: how many alternatives of each token a stream is to tell (see `TokenLogprobs`); 0 is none.
    """

    id: str
    prompt: tuple[Message, ...] | str
    params: SamplingParams = field(default_factory=SamplingParams)
    logprobs: int = 0


class TokenLogprobs(NamedTuple):
    """A token that was generated, with its natural log-probability and the likeliest tokens there, the first first.

    Of the model's own distribution: before temperature and filters. The text of a token that is a part of a character
    only is that character's replacement sign.
    """

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """What a model answered.

    text: all of it, as generated; thought and answer are views of it.
    thought: see `ampo.prompts.split`.
    answer: the final answer, as the verifier finds it without knowing the problem; where it finds none, all that is no
        thought.
    finish_reason: "length" is a response cut off by max_tokens or by the context.
    prompt_tokens, completion_tokens: None where nobody has counted them (some endpoints don't).
    seconds: from the request's start in the engine to its end; first_token_seconds likewise to the first token.
    """

    text: str
    thought: str = ""
    answer: str = ""
    finish_reason: FinishReason = "stop"
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0
    first_token_seconds: float | None = None


class Sample(NamedTuple):
    """Sample `index` (of n) of the request named `request_id`, finished."""

    request_id: str
    index: int
    response: Response


class Delta(NamedTuple):
    """A piece of a response while it is being generated. The last one carries the whole response.

    logprobs: of the tokens that came since the last piece, where the request asks for them and the engine tells them.
    """

    text: str
    response: Response | None = None
    logprobs: tuple[TokenLogprobs, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verifier's judgement of one response.

    outcome: one of OUTCOMES; only "correct" counts as right.
    extracted: the answer that was found in the response, or None.
    reason: which rule found the answer and which one judged it, for people.
    shown: whether the outcome was shown; False where it rests on something that could not be read or compared, so
        that a right answer may be among what isn't "correct".
    """

    outcome: Outcome
    extracted: str | None = None
    reason: str = ""
    seconds: float = 0.0
    protocol: Protocol = "ampo"
    shown: bool = True

    @property
    def correct(self) -> bool:
        return self.outcome == "correct"


@dataclass(frozen=True, slots=True)
class Solution:
    """A teacher's solution of a problem, in a guidance pool.

    verified: the verifier's judgement, or None where nobody has asked it yet.
    tokens: length of `content` in tokens, where it is known.
    """

    source: str
    content: str
    tokens: int | None = None
    verified: bool | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
