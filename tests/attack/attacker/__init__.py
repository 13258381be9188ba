"""An attacker of the verifier: it asks about all answers, not about likely ones, and needs no grades.

A property is a module with `attack(scale, pool) -> Report`, and a line in `PROPERTIES`. It makes claims that must be
refused (or accepted), has them judged, and reports those that were not, each with a cause. Zero is the only pass.
`test_attack.py` runs every property in small, `run.py` (make attack) in full.
"""

from attacker import exclusive, mutants, universal
from attacker.frame import Finding, Property, Report, Scale

PROPERTIES: dict[str, Property] = {
    "universal answers": universal.attack,
    "exclusive": exclusive.attack,
    "mutants": mutants.attack,
}

__all__ = ["PROPERTIES", "Finding", "Property", "Report", "Scale"]
