"""What an engine is: prompts in, responses out, each as it finishes.

Three of ours stand behind this protocol: vLLM, transformers, and any OpenAI-compatible endpoint; `ampo.engines` finds
others by their entry points or their files. What every one of them holds is tested in tests/engines/test_contract.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

from ampo.engines.asking import pieces_of
from ampo.engines.halt import Halt
from ampo.errors import UserError
from ampo.types import Delta, Message, Request, Response, Sample, SamplingParams

if TYPE_CHECKING:
    from ampo.engines.likelihood import Likelihood, Text


class Engine(ABC):
    """Base of the engines. Safe to use from several threads at once.

    backend: the name by which `load_engine` knows it.
    model: the name that the user gave.
    tokenizer: the model's, where it is here; None for an endpoint.
    context: tokens of prompt and response together, where they are known.
    """

    backend: str
    model: str
    tokenizer: Any = None
    context: int | None = None

    @abstractmethod
    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Yield every sample of every request as soon as it has finished, in any order.

        Requests are drawn from the iterable only as the engine has room for them. Closing the iterator aborts what is
        still running. Raises EngineError where the engine dies, after yielding what had finished before.
        """

    @abstractmethod
    def stream(self, request: Request, halt: Halt | None = None) -> Iterator[Delta]:
        """Yield the text of one sample as it is generated; the last Delta carries the Response.

        Closing the iterator early aborts the request in the engine. So does `halt`, from any thread and also while
        the iterator waits: then it ends without a Response.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What a reader needs to repeat a run: model, revision, versions, devices, engine settings, template hash."""

    @abstractmethod
    def close(self) -> None:
        """Abort what is running and free the memory. May be called twice."""

    def default_sampling_params(self) -> SamplingParams:
        """The model's own defaults (its generation_config), where the engine knows them."""
        return SamplingParams()

    def activity(self) -> str:
        """What it is at, in a few words, for who waits: requests under way, retries, the last error. May be empty."""
        return ""

    def likelihoods(self, texts: Iterable[Text]) -> Iterator[Likelihood]:  # noqa: ARG002 (of those that override it)
        """The likelihood of each text as soon as it is known, in any order (see `ampo.engines.likelihood`).

        A text must be shorter than the context by one token (vLLM always generates one). Raises UserError for an
        engine that can't say, EngineError where it dies.
        """
        raise UserError(
            f"the {self.backend} engine doesn't tell how likely a given text is, which multiple-choice and perplexity "
            "tasks ask: run the model here (--backend vllm or transformers), or choose tasks that generate"
        )

    def chat(self, prompt: str | Sequence[Message], params: SamplingParams | None = None) -> Response:
        """The response to one question (no system prompt is added) or to a conversation."""
        messages: tuple[Message, ...] = (
            ({"role": "user", "content": prompt},) if isinstance(prompt, str) else tuple(prompt)
        )
        request = Request("chat", messages, params or self.default_sampling_params())
        return next(delta.response for delta in pieces_of(self, request) if delta.response is not None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


Start = Callable[[], AbstractContextManager[Engine]]
"""Gives an engine once it is needed. The context's end closes what was loaded for it."""
