"""`ampo generate`: one question, its answer on the standard output."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from ampo import prompts
from ampo.chat import show
from ampo.console import fit_for
from ampo.engines.base import Engine
from ampo.errors import EngineError, UserError
from ampo.terminal import Console
from ampo.types import Message, Problem, Request, Response, SamplingParams


def prompt_of(question: str, template: str | None, system: str | None) -> tuple[Message, ...]:
    """The conversation for a question. A system prompt of the user's replaces the template's."""
    if not question:
        raise UserError("the question is empty: give it as an argument, or on the standard input with -")
    messages = prompts.load_template(template or "plain").render(Problem("question", question, ""))
    if system is None:
        return messages
    return ({"role": "system", "content": system}, *(m for m in messages if m["role"] != "system"))


def generate_once(engine: Engine, prompt: tuple[Message, ...], params: SamplingParams, as_json: bool) -> None:
    """Stream one sample, or print several, each as it finishes."""
    request = Request("question", prompt, params)
    if params.n == 1 and not as_json:
        _stream(engine, request)
        return
    for _, index, response in engine.generate([request]):
        if response.finish_reason == "error":
            raise EngineError(f"{engine.model} could not answer (is the question longer than its context?)")
        if as_json:
            print(json.dumps({"sample": index, **asdict(response)}), flush=True)
        else:
            print(f"--- sample {index} ({told(response)} tokens, {response.finish_reason})")
            print(fit_for(response.text, sys.stdout), flush=True)


def told(response: Response) -> str:
    """How many tokens it has, where somebody counted them."""
    return "?" if response.completion_tokens is None else str(response.completion_tokens)


def _stream(engine: Engine, request: Request) -> None:
    console, splitter = Console(highlight=False), prompts.ThoughtSplitter()
    for delta in engine.stream(request):
        for part in splitter.feed(delta.text):
            show(part, console)
        if delta.response is not None and delta.response.finish_reason == "length":
            print("\n[cut off: --max-tokens or the context is used up]", end="", file=sys.stderr)
    for part in splitter.end():
        show(part, console)
    console.print()
