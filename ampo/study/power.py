"""What the study can tell, by simulation before it runs: how often a true difference of a size is found.

A cell is one seed's share of right samples of one problem. In it are what the seed adds to one arm and not to another
(`SEED`), what a problem adds (`PROBLEM`), and the luck of a few samples. The spreads are guesses from a pilot of one or
two seeds: at the rarest start, arms that learn differed by 3 to 9 points between seeds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ampo.study import analysis

SEED, PROBLEM = 0.06, 0.15
"""Standard deviations of a seed's and of a problem's part of a difference."""
BASE = 0.6
"""pass@1 of the worse arm."""
DIFFERENCES = (0.05, 0.1, 0.15, 0.2, 0.3)


class Power(NamedTuple):
    """How often a true difference is called `supported`: alone, and as the hardest of all claims under Holm."""

    difference: float
    alone: float
    corrected: float


def power(seeds: int, problems: int, samples: int, claims: int, tries: int = 400) -> list[Power]:
    """The power of a claim, by its true difference.

    Args:
        seeds: Runs of each arm.
        problems: That each run is tested on.
        samples: Of a problem.
        claims: Made together, for which p is corrected.
        tries: Simulated studies for each difference.
    """
    return [_of(difference, seeds, problems, samples, claims, tries) for difference in DIFFERENCES]


def _of(difference: float, seeds: int, problems: int, samples: int, claims: int, tries: int) -> Power:
    rng = np.random.default_rng(0)
    values = []
    for _ in range(tries):
        found = analysis.estimate(_difference(rng, difference, seeds, problems, samples))
        values.append(analysis.p_value(found) if found.mean > 0 else 1.0)
    alone, corrected = (float(np.mean(np.array(values) * n < analysis.LEVEL)) for n in (1, claims))
    return Power(difference, alone, corrected)


def _difference(rng: np.random.Generator, difference: float, seeds: int, problems: int, samples: int) -> np.ndarray:
    """[seeds, problems]: better minus worse, as shares of right samples."""
    effect = difference + rng.normal(0, SEED, (seeds, 1)) + rng.normal(0, PROBLEM, (1, problems))
    base = np.clip(BASE + rng.normal(0, 0.2, (1, problems)), 0, 1)
    return _sampled(rng, base + effect, samples) - _sampled(rng, base + 0 * effect, samples)


def _sampled(rng: np.random.Generator, p: np.ndarray, samples: int) -> np.ndarray:
    return rng.binomial(samples, np.clip(p, 0, 1)) / samples
