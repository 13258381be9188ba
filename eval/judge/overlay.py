"""Judgements over the rules' verdicts: protocol `judge`. The rules' own verdicts stay as they are.

A response that the judge was not asked about, or about which its reply doesn't say, keeps the rules' verdict. One that
it calls right is correct; one that it calls wrong is shown to be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ampo.eval.records import Judgement, VerdictRecord
from ampo.eval.verdicts import Verdicts


def overlay(verdicts: Verdicts, judgements: Iterable[Judgement]) -> Iterator[VerdictRecord]:
    """The verdicts of protocol `judge`, of the judge that was asked last; none where there was none."""
    made = list(judgements)
    last = (made[-1].judge, made[-1].form) if made else None
    said = {(one.id, one.mark): one for one in made if (one.judge, one.form) == last}
    for rules in verdicts.by("ampo") if made else ():
        yield _judged(rules, said.get((rules.id, rules.mark)) or said.get((rules.id, "")))


def _judged(rules: VerdictRecord, said: Judgement | None) -> VerdictRecord:
    kept = replace(rules, protocol="judge")
    if said is None:
        return kept
    if said.right is None:
        return replace(kept, reason=f"{said.judge} doesn't say; {rules.reason}")
    if said.right:
        return replace(kept, outcome="correct", shown=True, reason=f"{said.judge}: right; {rules.reason}")
    outcome = "wrong" if rules.outcome in ("correct", "timeout") else rules.outcome
    return replace(kept, outcome=outcome, shown=True, reason=f"{said.judge}: wrong; {rules.reason}")
