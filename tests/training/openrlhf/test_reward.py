from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from ampo.training.openrlhf import special
from ampo.training.openrlhf.data import label_of
from ampo.training.openrlhf.reward import reward_func
from ampo.types import OUTCOMES, Problem

GEMMAS, DEEPSEEKS = "<end_of_turn>", "<｜end▁of▁sentence｜>"
PROMPT = "<|im_start|>user\nWhat is one half?<|im_end|>\n<|im_start|>assistant\n"
LABEL = label_of(Problem("p/1", "What is one half?", "1/2", kind="math"))


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an engine tells them."""
    monkeypatch.setattr(special, "_told", None)
    added = {i: SimpleNamespace(content=text, special=True) for i, text in enumerate(("<|im_end|>", GEMMAS, DEEPSEEKS))}
    texts = {i: token.content for i, token in added.items()}
    special.tell(
        SimpleNamespace(
            added_tokens_decoder=added,
            all_special_tokens=["<|im_end|>"],
            decode=lambda ids, **_: "".join(texts[i] for i in ids),
        ),
        texts,
    )


@pytest.mark.parametrize(
    ("response", "reward", "outcome"),
    [
        ("It is <answer> 0.5 </answer><|im_end|>", 1.0, "correct"),
        (r"It is \boxed{0.5}<|im_end|>", 0.9, "correct"),
        (r"It is \boxed{0.5} and then<|im_end|>", 0.9, "correct"),
        (r"It is \boxed{0.5} and then", 0.0, "truncated"),
        ("It is <answer> 3 </answer><|im_end|>", 0.1, "wrong"),
        ("I do not know<|im_end|>", 0.0, "no_answer"),
        ("The answer is 0.5.<|im_end|>", 0.9, "correct"),
        (f"The answer is 0.5.{GEMMAS}", 0.9, "correct"),
        (f"The answer is 0.5.{DEEPSEEKS}", 0.9, "correct"),
    ],
)
@pytest.mark.usefixtures("tokens")
def test_rewards_are_the_shared_verifiers(response: str, reward: float, outcome: str) -> None:
    found = reward_func([PROMPT + response], [PROMPT], [LABEL])
    assert found["rewards"] == pytest.approx(reward)
    assert found["scores"] == (outcome == "correct")
    assert OUTCOMES[int(found["extra_logs"]["outcome"])] == outcome
    assert found["extra_logs"]["reward_failed"] == 0


@pytest.mark.parametrize(
    ("query", "label"), [("another text", LABEL), (PROMPT + "x", "no JSON"), (PROMPT + "x", json.dumps({"uid": "p"}))]
)
def test_a_failure_is_counted_and_scores_nothing(query: str, label: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = reward_func([query], [PROMPT], [label])
    assert (found["rewards"], found["scores"]) == (0.0, 0.0)
    assert found["extra_logs"] == {"outcome": -1.0, "reward_failed": 1.0, "not_shown": 0.0}
    assert "a reward failed and counts 0" in capfd.readouterr().err
