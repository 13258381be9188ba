"""Every property of the attacker, in small: a sample of references, about forty seconds on two cores."""

from __future__ import annotations

import pytest
from attacker import PROPERTIES
from attacker.frame import QUICK

from ampo.verify import VerifierPool


@pytest.mark.parametrize("name", PROPERTIES)
def test_nothing_is_found(name: str, attack_pool: VerifierPool) -> None:
    report = PROPERTIES[name](QUICK, attack_pool)
    assert report.tried > 100
    assert not report.findings, "\n".join(str(finding) for finding in report.findings[:40])
