"""Which responses of a run a judge is asked about, and how much that is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ampo.eval.judge.forms import Form
from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.verdicts import Verdicts, mark_of
from ampo.types import Problem

LIMIT = 1000
_CHARS_PER_TOKEN = 3.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a judge. key: what its judgement depends on. id, mark: of the response."""

    id: str
    key: str
    prompt: str
    mark: str = ""

    @staticmethod
    def of(id_: str, model: str, form: Form, prompt: str, prefix: str = "", mark: str = "") -> Asked:
        """A question, with a key made of all that its judgement depends on.

        Args:
            id_: Of the response.
            model: The judge's name.
            form: How it is asked.
            prompt: What it is asked.
            prefix: Of the key.
            mark: Of the response.
        """
        content = "\0".join((id_, model, form.name, prompt)).encode("utf-8", "surrogatepass")
        return Asked(id_, prefix + hashlib.sha256(content).hexdigest()[:24], prompt, mark)


@dataclass(frozen=True, slots=True)
class Work:
    """to_ask: what is asked now. done: how many there are already. left_out: how many the limit leaves out."""

    to_ask: Sequence[Asked]
    done: int
    left_out: int
    tokens: int

    def describe(self) -> str:
        """For people: how many, and what it takes at most."""
        read = sum(len(asked.prompt) for asked in self.to_ask) / _CHARS_PER_TOKEN
        line = f"{len(self.to_ask):,} responses to ask about ({self.done:,} are judged already): "
        line += f"about {read:,.0f} tokens to read, at most {len(self.to_ask) * self.tokens:,} to write"
        return f"{line}; {self.left_out:,} more are left out by --judge-limit" if self.left_out else line


def work(
    problems: Mapping[str, Problem],
    responses: Mapping[str, ResponseRecord],
    verdicts: Verdicts,
    form: Form,
    model: str,
    *,
    every: bool = False,
    limit: int = LIMIT,
    judged: Mapping[str, object],
) -> Work:
    """What there is to ask: responses whose verdict by the rules was not shown, or with `every` all of them.

    By problem, in the data's order.

    Args:
        problems: By id.
        responses: By id.
        verdicts: By the rules.
        form: How the judge is asked.
        model: The judge's name.
        every: Whether those that the rules have shown are asked about, too.
        limit: Responses to ask about, at most.
        judged: Judgements by key, which are not asked for again.
    """
    order = {problem: i for i, problem in enumerate(problems)}
    doubtful = [
        _asked(problems[r.problem], r, rules, form, model)
        for r in sorted(responses.values(), key=lambda r: (order.get(r.problem, 0), r.sample))
        if r.problem in problems and (rules := verdicts.on(r).get("ampo")) and (every or _doubtful(rules))
    ]
    open_ = [asked for asked in doubtful if asked.key not in judged]
    return Work(open_[:limit], len(doubtful) - len(open_), max(0, len(open_) - limit), form.tokens)


def _doubtful(verdict: VerdictRecord) -> bool:
    return verdict.outcome == "timeout" or not verdict.shown


def _asked(problem: Problem, record: ResponseRecord, verdict: VerdictRecord, form: Form, model: str) -> Asked:
    return Asked.of(record.id, model, form, form.prompt(problem, record.text, verdict.extracted), mark=mark_of(record))
