"""The knobs: system prompt and sampling, with vLLM's names and limits and the model's own defaults."""

from __future__ import annotations

import inspect
import json
from abc import ABCMeta
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import gradio as gr

from ampo.errors import UserError
from ampo.files import well_formed
from ampo.prompts import load_template
from ampo.types import SamplingParams

Handler = TypeVar("Handler", bound=Callable[..., Any])

PRESETS: dict[str, str | None] = {
    "None": None,
    "The authors'": "ampo",
    "Boxed": "boxed",
    "Own": None,
}
"""Name in the menu -> prompt template whose system prompt it is."""

NAMES = (
    *("system", "temperature", "top_p", "top_k", "min_p", "max_tokens"),
    *("repetition_penalty", "presence_penalty", "frequency_penalty", "stop", "seed"),
)
"""Of the controls' values, in their order."""
MAX_STOPS = 16

quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""For events that only rearrange the page, and have nothing to say: what isn't queued can't show an error."""
heard: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""For those that may have to say what is wrong."""


# Made past Gradio's own metaclass, which would write a .pyi file beside this one.
_Quiet: Any = ABCMeta.__new__(
    type(gr.Textbox),
    "Quiet",
    (gr.Textbox,),
    {"skip_api": property(lambda _: True), "is_template": True, "__module__": __name__},
)


def quiet(value: str = "") -> gr.Textbox:
    """A text on its way between server and browser: nobody sees it, and callers of the API know nothing of it."""
    return _Quiet(value, visible="hidden")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may cost.

    question, system, gold, stop: characters. max_tokens: new tokens of an answer, at most. samples: of one question
    at once. temperature: the highest; the page's slider ends there.
    """

    question: int = 32_000
    system: int = 8_000
    gold: int = 2_000
    max_tokens: int = 32_768
    samples: int = 32
    temperature: float = 2.0
    stop: int = 1_000


@dataclass(frozen=True, slots=True)
class Controls:
    """The components, in the order in which `read` takes their values."""

    system: gr.Textbox
    knobs: tuple[Any, ...]

    @property
    def all(self) -> list[Any]:
        return [self.system, *self.knobs]


SAMPLINGS: dict[str, dict[str, Any]] = {
    "The model's own": {},
    "The paper's": {"temperature": 0.6, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "max_tokens": 8192},
    "Greedy": {"temperature": 0.0},
}
"""Name in the menu -> what differs from the model's own defaults. The paper's is its authors' protocol of evaluation
(arXiv 2510.02227); temperature and max_tokens stand in the model card, too."""


def build(defaults: SamplingParams, system: str, limits: Limits, page: gr.Blocks) -> Controls:
    """Draw the controls.

    Args:
        defaults: The model's own sampling, with what the command line says.
        system: The system prompt to begin with.
        limits: Of what may be asked.
        page: That they are drawn in.
    """
    with gr.Accordion("System prompt", open=True):
        preset = gr.Dropdown(list(PRESETS), value=_preset_of(system), label="Preset", show_label=False, container=False)
        text = gr.Textbox(
            system, label="System prompt", lines=3, max_lines=8, max_length=limits.system, placeholder="none"
        )
        preset.input(lambda name, now: preset_text(name, now), [preset, text], text, **quick)
        text.input(_preset_of, text, preset, **quick)
    with gr.Accordion("Sampling", open=False):
        with gr.Row(elem_classes="ampo-line"):
            chosen = gr.Dropdown(
                list(SAMPLINGS), value=None, label="Preset", scale=3, min_width=120, elem_id="ampo-presets"
            )
            save = gr.Button("Save as ...", size="sm", scale=1, min_width=80, elem_id="ampo-save-preset")
            drop = gr.Button("Delete", size="sm", scale=1, min_width=60, elem_id="ampo-drop-preset")
        found = Controls(text, _knobs(defaults, limits))
    _presets(found, chosen, (save, drop), _samplings(defaults, limits), page)
    return found


def _samplings(defaults: SamplingParams, limits: Limits) -> str:
    """The presets that everybody has, as the values of the knobs, in JSON."""
    own = defaults.to_dict()
    presets = {}
    for name, changes in SAMPLINGS.items():
        made = own | changes
        made["max_tokens"] = min(made["max_tokens"] or limits.max_tokens, limits.max_tokens)
        made |= {"stop": "\n".join(made["stop"]), "seed": "" if made["seed"] is None else str(made["seed"])}
        presets[name] = [made[knob] for knob in NAMES[1:]]
    return json.dumps(presets)


def _presets(
    controls: Controls, chosen: gr.Dropdown, buttons: tuple[gr.Button, gr.Button], builtin: str, page: gr.Blocks
) -> None:
    """Presets of everybody's, and one's own, which with the system prompt are kept in the browser."""
    given = quiet(builtin)
    mine: dict[str, Any] = {"api_visibility": "private"}
    everything = [chosen, given, *controls.all]
    chosen.input(None, everything, controls.all, js="ampo.preset", **mine)
    save, drop = buttons
    save.click(None, everything, chosen, js="ampo.savePreset", **mine)
    drop.click(None, [chosen, given], chosen, js="ampo.dropPreset", **mine)
    page.load(None, given, chosen, js="ampo.presets")


def _knobs(defaults: SamplingParams, limits: Limits) -> tuple[Any, ...]:
    hottest, penalty = max(limits.temperature, defaults.temperature), max(2, defaults.repetition_penalty)
    tokens = defaults.max_tokens
    seed = "" if defaults.seed is None else str(defaults.seed)
    return (
        gr.Slider(0, hottest, defaults.temperature, step=0.05, label="temperature", info="0 is greedy"),
        gr.Slider(0.01, 1, defaults.top_p, step=0.01, label="top_p"),
        gr.Number(defaults.top_k, label="top_k", info="0 or -1: all tokens", precision=0, minimum=-1),
        gr.Slider(0, 1, defaults.min_p, step=0.01, label="min_p"),
        gr.Slider(1, limits.max_tokens, tokens, step=1, label="max_tokens", info="of thought and answer"),
        gr.Slider(0.1, penalty, defaults.repetition_penalty, step=0.01, label="repetition_penalty"),
        gr.Slider(-2, 2, defaults.presence_penalty, step=0.05, label="presence_penalty"),
        gr.Slider(-2, 2, defaults.frequency_penalty, step=0.05, label="frequency_penalty"),
        gr.Textbox("\n".join(defaults.stop), label="stop", info="one string a line", lines=1, max_length=limits.stop),
        gr.Textbox(seed, label="seed", info="empty: drawn anew each time"),
    )


def named(handler: Handler) -> Handler:
    """Give a handler's `*settings` the names of the knobs: they are what a client of the page's API calls them by."""
    signature = inspect.signature(handler)
    fixed = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_POSITIONAL]
    knobs = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in NAMES]
    handler.__signature__ = signature.replace(parameters=[*fixed, *knobs])  # pyright: ignore[reportFunctionMemberAccess]
    return handler


def preset_text(name: str, now: str) -> str:
    """The system prompt of a preset; "Own" leaves what is there."""
    if name == "Own":
        return now
    template = PRESETS.get(name)
    return (load_template(template).system or "") if template else ""


def _preset_of(system: str) -> str:
    for name in PRESETS:
        if name != "Own" and preset_text(name, "") == system:
            return name
    return "Own"


def read(values: Sequence[Any], limits: Limits) -> SamplingParams:
    """The sampling parameters behind the knobs' values. Raises UserError for one out of range."""
    temperature, top_p, top_k, min_p, max_tokens, repetition, presence, frequency, stop, seed = values
    if not isinstance(stop or "", str):
        raise UserError("stop must be text, a string a line")
    if len(stop or "") > limits.stop:
        raise UserError(f"the stop strings have {len(stop):,} characters: at most {limits.stop:,} are taken here")
    stops = tuple(line for line in (stop or "").splitlines() if line)
    if len(stops) > MAX_STOPS:
        raise UserError(f"{len(stops)} stop strings are given: {MAX_STOPS} are allowed")
    try:
        return SamplingParams(
            temperature=heat(temperature, limits),
            top_p=float(top_p),
            top_k=0 if top_k == -1 else _bounded_int(top_k or 0),
            min_p=float(min_p),
            max_tokens=min(int(max_tokens), limits.max_tokens),
            repetition_penalty=float(repetition),
            presence_penalty=float(presence),
            frequency_penalty=float(frequency),
            stop=stops,
            seed=int(seed) if str(seed or "").strip() else None,
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"a sampling parameter is no number: {str(error)[:200]}") from error


def _bounded_int(value: Any) -> int:
    number = int(value)
    if abs(number) >= 2**31:
        raise ValueError(f"{str(value)[:40]} is too large")
    return number


def heat(value: Any, limits: Limits) -> float:
    """A temperature. Raises UserError for one that is higher than the page takes, and for none."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise UserError(f"temperature {str(value)[:40]!r} is no number") from error
    if number > limits.temperature:
        raise UserError(f"temperature is {number:g}: at most {limits.temperature:g} is taken here")
    return number


def whole(what: str, value: Any, least: int, most: int) -> int:
    """A count between two bounds, the nearer one where it is outside.

    Args:
        what: Its name, for an error.
        value: As it came from the page.
        least: The lower bound.
        most: The upper bound.

    Raises:
        UserError: The value is no number.
    """
    try:
        return max(least, min(int(value), most))
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{what} is {str(value)[:40]!r}: it must be a number from {least} to {most}") from error


def check_text(what: str, text: str, limit: int) -> str:
    """The text, stripped. Raises UserError for one that is too long."""
    if not isinstance(text or "", str):
        raise UserError(f"the {what} must be text")
    text = well_formed((text or "").strip())
    if len(text) > limit:
        raise UserError(f"the {what} has {len(text):,} characters: at most {limit:,} are taken here")
    return text
