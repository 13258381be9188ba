"""How right the verifier is: recall and false acceptances on the graded answers of tests/graded, by protocol.

python perf/graded.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ampo.types import RULES, Protocol
from ampo.verify import Claim, VerifierPool

FOLDER = Path(__file__).parent.parent / "tests" / "graded"


def load(name: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def accepted(items: list[dict[str, Any]], protocol: Protocol, pool: VerifierPool) -> int:
    """How many are accepted. An answer stands in the tags that both protocols read."""
    claims = []
    for item in items:
        options = tuple(item.get("options") or ())
        response = item["response"] if "response" in item else f"<answer>{item['answer']}</answer>"
        kind = "choice" if options else "auto"
        claims.append(
            Claim(
                item["gold"],
                response,
                protocol,
                kind,
                options,
                item.get("question") or "",
                finish_reason=item.get("finish_reason"),
            )
        )
    return sum(verdict.correct for verdict in pool.verify_many(claims))


def main() -> None:
    later, hostile, public, themes, prose = map(load, ("blind2", "adversarial", "public", "themes", "prose"))
    sets = {
        "right answers accepted": load("right"),
        "wrong answers accepted": load("wrong"),
        "later set, right answers accepted": [i for i in later if i["expect"] == "correct"],
        "later set, wrong answers accepted": [i for i in later if i["expect"] == "wrong"],
        "adversarial set, right answers accepted": [i for i in hostile if i["expect"] == "correct"],
        "adversarial set, wrong answers accepted": [i for i in hostile if i["expect"] == "wrong"],
        "public reports, right answers accepted": [i for i in public if i["expect"] == "correct"],
        "public reports, wrong answers accepted": [i for i in public if i["expect"] == "wrong"],
        "themes, right answers accepted": [i for i in themes if i["expect"] == "correct"],
        "themes, wrong answers accepted": [i for i in themes if i["expect"] == "wrong"],
        "unmarked prose, right answers accepted": [i for i in prose if i["expect"] == "correct"],
        "unmarked prose, wrong answers accepted": [i for i in prose if i["expect"] == "wrong"],
    }
    with VerifierPool() as pool:
        for protocol in RULES:
            for what, items in sets.items():
                yes, n = accepted(items, protocol, pool), len(items)
                print(f"{protocol:9} {what}: {yes} of {n}, {100 * yes / n:.1f} %", flush=True)


if __name__ == "__main__":
    main()
