"""How right the verifier is: recall and false acceptances on the graded answers of tests/graded, by protocol.

python perf/graded.py
"""

from __future__ import annotations

import json
from pathlib import Path

from ampo.types import PROTOCOLS, Protocol
from ampo.verify import Claim, VerifierPool

FOLDER = Path(__file__).parent.parent / "tests" / "graded"


def accepted(name: str, protocol: Protocol, pool: VerifierPool) -> tuple[int, int]:
    """(accepted, all) of a graded set. Each answer stands in the tags that both protocols read."""
    claims = []
    for item in json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")):
        options = tuple(item.get("options") or ())
        answer = f"<answer>{item['answer']}</answer>"
        kind = "choice" if options else "auto"
        claims.append(Claim(item["gold"], answer, protocol, kind, options, item.get("question") or ""))
    return sum(verdict.correct for verdict in pool.verify_many(claims)), len(claims)


def main() -> None:
    with VerifierPool() as pool:
        for protocol in PROTOCOLS:
            for name, what in (("right", "right answers accepted"), ("wrong", "wrong answers accepted")):
                yes, n = accepted(name, protocol, pool)
                print(f"{protocol:9} {what}: {yes} of {n}, {100 * yes / n:.1f} %", flush=True)


if __name__ == "__main__":
    main()
