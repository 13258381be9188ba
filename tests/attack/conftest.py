"""The attacker's modules stand beside its tests. One pool for all of its properties."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ampo.verify import VerifierPool

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def attack_pool() -> Iterator[VerifierPool]:
    with VerifierPool(2) as pool:
        yield pool
