"""What an engine is: prompts in, responses out, each as it finishes.

Three stand behind this protocol: vLLM's asynchronous engine, transformers, and any OpenAI-compatible endpoint.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from ampo.engines.halt import Halt
from ampo.errors import EngineError
from ampo.types import Delta, Message, Request, Response, Sample, SamplingParams


class Engine(ABC):
    """Base of the engines. Safe to use from several threads at once.

    backend: "vllm", "transformers" or "openai".
    model: the name that the user gave.
    """

    backend: str
    model: str

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

    def chat(self, prompt: str | Sequence[Message], params: SamplingParams | None = None) -> Response:
        """The response to one question (no system prompt is added) or to a conversation."""
        messages: tuple[Message, ...] = (
            ({"role": "user", "content": prompt},) if isinstance(prompt, str) else tuple(prompt)
        )
        for delta in self.stream(Request("chat", messages, params or self.default_sampling_params())):
            if delta.response is not None:
                return delta.response
        raise EngineError(f"{self.backend} ended the stream of {self.model} without a response")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
