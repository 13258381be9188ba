"""One pool for the tests that neither kill its workers nor count what it does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ampo.verify import VerifierPool


@pytest.fixture(scope="session")
def shared_pool() -> Iterator[VerifierPool]:
    with VerifierPool(2) as pool:
        yield pool
