"""How sure the model was of each token: a colour for its probability or its entropy, alternatives on a click.

Engines tell the chosen token and the likeliest few. The entropy is taken over these, with all that is left as one more:
it is never too high. Both are of the model's own distribution, before temperature and filters.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from ampo.app import downloads
from ampo.conversation import Answer, Conversation
from ampo.types import TokenLogprobs

ALTERNATIVES = 5
MOST_SHOWN = 4000
"""Tokens: more than that are for a file."""
_HINT = (
    "Tick the box and ask, or ask again: the colour of each token is how unsure the model was. They are told by vLLM, "
    "by transformers, and by the endpoints that give log-probabilities, and are here until the page is loaded anew."
)
_NONE = "The last answer has none: they were not asked for, or this endpoint doesn't tell them."


@dataclass(frozen=True)
class View:
    """The components. wanted: whether the next answers are to tell them."""

    wanted: gr.Checkbox
    tokens: gr.HTML


def entropy(token: TokenLogprobs) -> float:
    """Of what could have stood there, in nats, at least."""
    told = dict(token.top) | {token.token: token.logprob}
    chances = [math.exp(min(logprob, 0.0)) for logprob in told.values()]
    rest = 1.0 - sum(chances)
    return sum(-p * math.log(p) for p in (*chances, rest) if p > 0.0)


def shown(talk: Conversation) -> str:
    """Those of the last answer, as HTML."""
    made = talk.turns[-1].answer if talk.turns else None
    if made is None or made.state == "running":
        return ""
    if not made.logprobs:
        return f'<p class="ampo-wait">{_NONE}</p>'
    tokens = "".join(map(_token, made.logprobs[:MOST_SHOWN]))
    left = len(made.logprobs) - MOST_SHOWN
    more = f'<p class="ampo-wait">{left:,} more tokens are in the file alone.</p>' if left > 0 else ""
    return (
        f'<p class="ampo-stats">{_summary(made.logprobs)}</p><p id="ampo-token" aria-live="polite">Click a token, or '
        f'use the arrow keys.</p><div id="ampo-tokens" role="group" tabindex="0" aria-label="Tokens of the answer">'
        f"{tokens}</div>{more}"
    )


def _summary(tokens: Sequence[TokenLogprobs]) -> str:
    mean = sum(one.logprob for one in tokens) / len(tokens)
    uncertain = sum(entropy(one) for one in tokens) / len(tokens)
    return (
        f"{len(tokens):,} tokens · mean log-probability {mean:.3f} (perplexity {math.exp(-mean):.2f}) · "
        f"mean entropy at least {uncertain:.3f} nats"
    )


def _token(one: TokenLogprobs) -> str:
    chance, uncertain = math.exp(min(one.logprob, 0.0)), entropy(one)
    scale = min(1.0, uncertain / math.log(ALTERNATIVES + 1))
    told = [[token, _number(logprob)] for token, logprob in one.top]
    about = escape(json.dumps([one.token, _number(one.logprob), round(uncertain, 4), told]))
    text = escape(one.token).replace("\n", "↵\n") or "·"
    style = f"--p:{1 - chance:.3f};--h:{scale:.3f}"
    return f'<span class="ampo-token" style="{style}" data-about="{about}">{text}</span>'


def _number(logprob: float) -> float:
    """In JSON, which knows no infinity."""
    return round(max(logprob, -9999.0), 4)


def as_json(talk: Conversation) -> downloads.File:
    """All of them as a file."""
    made = talk.turns[-1].answer if talk.turns else None
    if made is None or not made.logprobs:
        raise gr.Error(_NONE, print_exception=False)
    return downloads.File("ampo-probabilities.json", json.dumps(_plain(made), ensure_ascii=False, indent=1))


def _plain(made: Answer) -> dict[str, Any]:
    tokens = [one._asdict() | {"entropy_at_least": round(entropy(one), 6)} for one in made.logprobs]
    return {"model": made.model, "sampling": made.params.to_dict(), "text": made.text, "tokens": tokens}


def build(now: gr.State) -> View:
    """Draw the part of the chat that shows them."""
    with gr.Accordion("Probabilities", open=False, elem_id="ampo-probabilities"):
        gr.Markdown(_HINT)
        with gr.Row(elem_classes="ampo-line"):
            wanted = gr.Checkbox(False, label="Record probabilities", min_width=150, elem_id="ampo-record")
            modes = ["probability", "entropy"]  # see style.css
            gr.Radio(modes, value=modes[0], label="Colour by", min_width=200, interactive=True)
            file = gr.Button("JSON", size="sm", min_width=60, elem_id="ampo-probabilities-json")
        tokens = gr.HTML(elem_id="ampo-token-view")
    downloads.join(file, as_json, now)
    return View(wanted, tokens)
