"""What a claim takes, and the line that says what it doesn't."""

from typing import Any

import pytest

from ampo.errors import UserError
from ampo.verify import Claim, verify


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        *(({"gold": gold}, "no reference answer") for gold in (None, "", " \n", float("nan"), [""], {"answer": ""})),
        ({"gold": []}, "an empty list: there is no answer in it"),
        ({"gold": True}, "gold is of type bool"),
        ({"response": b"5"}, "response is of type bytes"),
        ({"question": 3}, "question is of type int"),
        ({"kind": "chioce"}, "did you mean choice?"),
        ({"protocol": "offical"}, "did you mean official?"),
        ({"finish_reason": "len"}, "did you mean length?"),
    ],
)
def test_what_is_no_claim_is_refused_in_one_line(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        Claim(**{"gold": "5", "response": "5", **fields})


@pytest.mark.parametrize("gold", [142, 142.0])
def test_a_number_is_taken_as_its_text(gold: Any) -> None:
    assert verify(gold, "so \\boxed{142}").correct
