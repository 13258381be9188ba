"""An lm-eval model over an engine of ours: every request of a task type goes to the engine at once.

Samples are numbered: the n-th time that a request occurs in a run is its sample n, with a seed made from the run's
seed, the request and n alone. Greedy requests that are the same are asked once.

Where lm-eval's own models cut a prompt that is too long from the left, ours answers nothing and counts it: a prompt
without its beginning is another question.
"""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any

from jinja2 import TemplateError
from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM
from lm_eval.models.utils import normalize_gen_kwargs
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from ampo import prompts
from ampo.engines.asking import samples_of
from ampo.engines.base import Engine
from ampo.engines.likelihood import Text
from ampo.errors import UserError
from ampo.eval.harness.answers import Answers, gaps, request_key
from ampo.eval.progress import RunProgress
from ampo.eval.seeds import problem_seed
from ampo.types import Message, Request, SamplingParams

log = logging.getLogger(__name__)

_DEFAULT_TOKENS = 256  # lm-eval's own default for tasks that give no limit
_IGNORED = {"do_sample", "until", "max_gen_toks"}  # said by other means


class Conversation(str):
    """A prompt as text, for lm-eval, with the conversation that it was made from, for the engine."""

    messages: tuple[Message, ...]

    def __new__(cls, text: str, messages: Sequence[Message]) -> Conversation:
        conversation = super().__new__(cls, text)
        conversation.messages = tuple(messages)
        return conversation

    def __getnewargs__(self) -> tuple[str, tuple[Message, ...]]:
        return str(self), self.messages


class EngineLM(TemplateLM):
    """See the module's docstring.

    Args:
        engine: Answers what lm-eval asks.
        answers: Those that are there already, and takes new ones.
        seed: Of the run; None leaves every draw to chance.
        quiet: Show no progress.
    """

    def __init__(self, engine: Engine, answers: Answers, seed: int | None = 0, quiet: bool = False) -> None:
        super().__init__()
        self.engine, self.answers, self.seed, self.quiet = engine, answers, seed, quiet
        self.tokenizer: Any = engine.tokenizer
        self.too_long = 0

    # what lm-eval asks about the model

    @property
    def tokenizer_name(self) -> str:
        return self.engine.model.replace("/", "__")

    @property
    def eot_token_id(self) -> int:
        return self.tokenizer.eos_token_id

    @property
    def prefix_token_id(self) -> int:
        bos = self.tokenizer.bos_token_id
        return self.eot_token_id if bos is None else bos

    @property
    def max_length(self) -> int | None:
        return self.engine.context

    def get_model_info(self) -> dict[str, Any]:
        """Goes into the results' `config`."""
        told = self.engine.describe()
        return {"model": f"ampo-{self.engine.backend}", "model_revision": told.get("revision"), "engine": told}

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_: Any) -> list[int]:
        """A text that begins with the tokenizer's first token already, as chat templates write it, gets no second."""
        if add_special_tokens is None:
            bos = self.tokenizer.bos_token
            add_special_tokens = not (bos and string.startswith(bos))
        return self.tokenizer.encode(string, add_special_tokens=add_special_tokens)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The conversation through the model's template. Templates that refuse a system turn get none, with a word."""
        messages: list[Any] = [{"role": m["role"], "content": m["content"]} for m in chat_history]
        if not add_generation_prompt:  # lm-eval has begun the answer: the model goes on with it
            if self.tokenizer is None:
                raise UserError("this task begins the answer itself (gen_prefix), which an endpoint can't be asked")
            return self.tokenizer.apply_chat_template(messages, tokenize=False, continue_final_message=True)
        try:
            return Conversation(prompts.render(messages, self.tokenizer), messages)
        except TemplateError:
            log.warning("the chat template of %s refuses a system prompt: it is left out", self.engine.model)
            messages = [m for m in messages if m["role"] != "system"]
            return Conversation(prompts.render(messages, self.tokenizer), messages)

    # generation

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:  # noqa: ARG002
        """The texts in the requests' order; each occurrence of a sampled request is a sample of its own."""
        asked: dict[str, tuple[tuple[Message, ...] | str, SamplingParams]] = {}
        times: Counter[str] = Counter()
        wanted: list[tuple[str, int]] = []
        for request in requests:
            arguments: Any = request.args
            prompt, params = self._prompt(arguments[0]), _params(json.dumps(arguments[1]))
            key = request_key("generate_until", prompt, params.to_dict())
            asked[key] = prompt, params
            wanted.append((key, 0 if params.temperature == 0 else times[key]))
            times[key] += 1
        missing = dict.fromkeys(pair for pair in wanted if pair not in self.answers.generated)
        if missing:
            self._generate(asked, list(missing), len(set(wanted)))
        texts = [self.answers.generated[pair] for pair in wanted]
        self.too_long += sum(text.finish_reason == "error" for text in texts)
        return list(texts)

    def _generate(self, asked: dict[str, Any], missing: Sequence[tuple[str, int]], total: int) -> None:
        with RunProgress(total, total - len(missing), Counter(), self.quiet) as progress:
            for name, index, response in samples_of(self.engine, self._requests(asked, missing)):
                key, _, first = name.rpartition("#")
                sample, seed = int(first) + index, problem_seed(self.seed, key)
                self.answers.add_generated(key, sample, None if seed is None else seed + sample, response)
                progress.sample(response.completion_tokens)

    def _requests(self, asked: dict[str, Any], missing: Sequence[tuple[str, int]]) -> Iterator[Request]:
        samples: defaultdict[str, list[int]] = defaultdict(list)
        for key, sample in missing:
            samples[key].append(sample)
        for key, numbers in samples.items():
            prompt, params = asked[key]
            seed = problem_seed(self.seed, key)
            for first, count in gaps(numbers):
                yield Request(
                    f"{key}#{first}", prompt, replace(params, n=count, seed=None if seed is None else seed + first)
                )

    def _prompt(self, text: str) -> tuple[Message, ...] | str:
        """What the engine is asked."""
        return text.messages if isinstance(text, Conversation) else text.removeprefix(self._own_start)

    @cached_property
    def _own_start(self) -> str:
        """The token that the engine's tokenizer puts in front of every text by itself, as text; "" where it doesn't."""
        if self.tokenizer is None or self.tokenizer.bos_token is None:
            return ""
        return self.tokenizer.bos_token if self.tokenizer.encode("")[:1] == [self.tokenizer.bos_token_id] else ""

    # likelihoods

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = True) -> list[tuple[float, bool]]:
        """lm-eval's, without its bar."""
        return super().loglikelihood(requests, disable_tqdm)

    def _loglikelihood_tokens(
        self,
        requests: Sequence[tuple[Any, list[int], list[int]]],
        disable_tqdm: bool = False,  # noqa: ARG002
        **_: Any,
    ) -> list[tuple[float, bool]]:
        """requests: (anything, context's tokens, continuation's tokens). What doesn't fit is cut from the left."""
        texts = [self._text(before, after) for _, before, after in requests]
        missing = {text.id: text for text in texts if text.id not in self.answers.scored}
        if missing:
            self._score(missing.values(), len({text.id for text in texts}))
        return [self.answers.scored[text.id] for text in texts]

    def _score(self, texts: Iterable[Text], total: int) -> None:
        texts = list(texts)
        with RunProgress(total, total - len(texts), Counter(), self.quiet) as progress:
            for name, logprob, greedy in self.engine.likelihoods(texts):
                self.answers.add_scored(name, logprob, greedy)
                progress.sample(0)

    def _text(self, before: list[int], after: list[int]) -> Text:
        tokens = (before + after)[-(self._room()) :]
        start = max(1, len(tokens) - len(after))
        return Text(request_key("loglikelihood", tokens, start), tokens, start)

    def _room(self) -> int:
        """Tokens of a text to be scored, at most: vLLM generates one more."""
        return (self.max_length or 2048) - 1

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:  # noqa: ARG002
        """The log-likelihood of whole texts, in windows that each predict what the one before left."""
        windows = [
            [
                (None, *make_disjoint_window(window))
                for window in get_rolling_token_windows(
                    self.tok_encode(request.args[0]), self.prefix_token_id, self._room() - 1, context_len=1
                )
            ]
            for request in requests
        ]
        scored = iter(self._loglikelihood_tokens([window for each in windows for window in each]))
        return [sum(next(scored)[0] for _ in each) for each in windows]


@lru_cache  # a task's requests share their parameters, and one warning is enough
def _params(generation: str) -> SamplingParams:
    return sampling_params(json.loads(generation))


def sampling_params(generation: dict[str, Any]) -> SamplingParams:
    """lm-eval's generation_kwargs as ours. What no engine of ours knows is left out, with a word.

    Without do_sample and a temperature above 0 it is greedy, as in lm-eval.
    """
    kwargs: dict[str, Any] = dict(normalize_gen_kwargs(generation, _DEFAULT_TOKENS))
    known = SamplingParams.__dataclass_fields__.keys() - {"n", "seed", "stop", "max_tokens"}
    for name in sorted(kwargs.keys() - known - _IGNORED):
        log.warning("generation_kwargs: %s=%r is not known to our engines and left out", name, kwargs[name])
    given = {name: kwargs[name] for name in known & kwargs.keys() if kwargs[name] is not None}
    if kwargs.get("do_sample") is False:
        given["temperature"] = 0.0
    if given.get("top_k", 0) < 0:  # vLLM's way to say all
        given["top_k"] = 0
    stop = tuple(dict.fromkeys(text for text in kwargs["until"] if text))
    return SamplingParams(**given, stop=stop, max_tokens=kwargs["max_gen_toks"])
