"""What is said of responses that the verifier could not judge: how many, and why the first of them."""

from __future__ import annotations

from collections.abc import Sequence

from ampo.console import Say
from ampo.eval.ledger import Ledger
from ampo.eval.records import VerdictRecord
from ampo.eval.rundir import RunDir
from ampo.eval.stored import read_at
from ampo.types import Protocol


def name_unjudged(run: RunDir, ledger: Ledger, protocols: Sequence[Protocol], say: Say) -> None:
    """A line for each protocol that has such responses: they count as wrong, and the table only has their share.

    Args:
        run: Where the verdicts are.
        ledger: What they say.
        protocols: By whose rules.
        say: Takes the lines.
    """
    for protocol in protocols:
        place = ledger.first(protocol, "timeout")
        if place is None:
            continue
        with run.verdicts.open("rb") as stream:
            verdict = read_at(stream, place, VerdictRecord, lambda found, by=protocol: found.protocol == by)
        outcomes = ledger.outcomes[protocol]
        say(
            f"{outcomes['timeout']} of {outcomes.total()} responses were not judged by protocol {protocol} (t-o) and "
            f"count as not right; the first, {verdict.id}: {verdict.reason}"
        )
