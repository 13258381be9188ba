"""The attacker in full: python tests/attack/run.py [--references 1000] [--pairs 100000] [--only mutants] [--seed 0].

Prints what each property tried and found, by cause; the findings themselves with --show N. Exit code 1 where there are
any. With AMPO_DATA_DIR the references of all benchmarks are attacked, else those of the graded sets.
"""

from __future__ import annotations

import argparse
import sys
import time

from attacker import PROPERTIES
from attacker.frame import FULL, Report, Scale

from ampo.verify import VerifierPool


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=int, default=FULL.references)
    parser.add_argument("--pairs", type=int, default=FULL.pairs)
    parser.add_argument("--seed", type=int, default=FULL.seed)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=list(PROPERTIES))
    parser.add_argument("--show", type=int, default=3, help="findings of each cause that are printed")
    chosen = parser.parse_args()
    scale, found = Scale(chosen.references, chosen.pairs, chosen.seed), 0
    with VerifierPool(chosen.workers) as pool:
        for name in [chosen.only] if chosen.only else PROPERTIES:
            start = time.perf_counter()
            report = PROPERTIES[name](scale, pool)
            print(f"{name}: {report.tried} tried, {len(report.findings)} found ({time.perf_counter() - start:.0f} s)")
            _show(report, chosen.show)
            found += len(report.findings)
    return 1 if found else 0


def _show(report: Report, most: int) -> None:
    for cause, count in report.causes().most_common():
        print(f"  {count:6} {cause}")
        for finding in [f for f in report.findings if f.cause == cause][:most]:
            print(f"         {finding.gold!r} <- {finding.answer!r} ({finding.reason}) {finding.question[-80:]!r}")


if __name__ == "__main__":
    sys.exit(main())
