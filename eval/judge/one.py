"""A judge's opinion on one response, for who looks at it. For evaluation alone, and never a reward."""

from __future__ import annotations

from dataclasses import dataclass

from ampo.engines.asking import pieces_of
from ampo.engines.base import Engine
from ampo.errors import EngineError
from ampo.eval.judge.forms import Form
from ampo.types import Outcome, Problem, Verdict

_SHOWN = 400  # characters of the end of its reply


@dataclass(frozen=True, slots=True)
class Opinion:
    """What asks the judge. form: what it is asked."""

    engine: Engine
    form: Form

    def __call__(self, problem: Problem, text: str, rules: Verdict) -> Verdict:
        """Its verdict by protocol `judge`; the rules' outcome, not shown, where its reply doesn't say.

        text: the response. rules: what the rules ruled. Raises UserError or EngineError where it can't be asked.
        """
        asked = self.form.request("judge", self.form.prompt(problem, text, rules.extracted))
        response = next(delta.response for delta in pieces_of(self.engine, asked) if delta.response)
        if response.finish_reason == "error":
            raise EngineError(f"the judge {self.engine.model} gave no reply")
        right = self.form.read(response.text)
        said = "doesn't say" if right is None else "right" if right else "wrong"
        reason = f"{self.engine.model}, form {self.form.name}: {said}; it wrote: {_end(response.text)}"
        shown = right is not None
        return Verdict(_outcome(right, rules), rules.extracted, reason, response.seconds, "judge", shown)


def _outcome(right: bool | None, rules: Verdict) -> Outcome:
    if right is None:
        return rules.outcome
    return "correct" if right else "wrong" if rules.outcome in ("correct", "timeout") else rules.outcome


def _end(reply: str) -> str:
    line = " ".join(reply.split())
    return line if len(line) <= _SHOWN else f"... {line[-_SHOWN:]}"
