"""The adapters whose packages run beside ours, with the real packages. Others: `make integrations`."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ampo import integrations
from ampo.errors import UserError
from ampo.integrations import shared
from ampo.verify import NoReferenceError

FOLDER = Path(integrations.__path__[0])
RIGHT, WRONG = r"so \boxed{0.5}", r"so \boxed{0.6}"


def test_an_adapter_is_a_small_file() -> None:
    ours = {"__init__.py", "shared.py", "table.py"}
    adapters = [file for file in FOLDER.glob("*.py") if file.name not in ours]
    assert len(adapters) == 8
    assert {file.name: n for file in adapters if (n := len(file.read_text().splitlines())) > 60} == {}


@pytest.mark.parametrize(("adapter", "package"), [("inspect_ai", "inspect-ai"), ("lighteval", "lighteval")])
def test_a_tool_that_is_not_installed_is_a_line(adapter: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, adapter, None)
    with pytest.raises(UserError, match=f"this adapter needs {package} .*: pip install {package}$"):
        importlib.import_module(f"ampo.integrations.{adapter}")


def test_rows_of_any_shape_make_the_same_claim() -> None:
    golds: list[Any] = ["0.5", 0.5, ["1/2"], {"answer": "1/2"}, '{"ground_truth": "0.5"}', "6/12\n#### 1/2"]
    turn = [{"role": "user", "content": "?"}, {"role": "assistant", "content": [{"type": "text", "text": RIGHT}]}]
    claims = [shared.claim(gold, response) for gold in golds for response in (RIGHT, turn)]
    assert all(verdict.correct for verdict in shared.judge(claims))
    for gap in (None, " ", float("nan"), []):
        with pytest.raises(NoReferenceError, match=r"no reference answer|there is no answer in it"):
            shared.claim(gap, RIGHT)


def test_trl_scores_plain_and_conversational_completions_from_a_thread() -> None:
    from ampo.integrations.trl import accuracy_reward

    logged: dict[str, float] = {}
    completions = [RIGHT, [{"role": "assistant", "content": WRONG}], RIGHT, RIGHT]
    columns = {"completions": completions, "solution": ["1/2", "1/2", None, " "], "log_metric": logged.__setitem__}
    with ThreadPoolExecutor(1) as thread, pytest.warns(UserWarning, match="no reference answer"):
        found = thread.submit(accuracy_reward, **columns, trainer_state=None).result()
    assert found == [1.0, 0.0, None, None]
    assert logged["ampo/no_reference"] == 0.5
    with pytest.raises(UserError, match="name their column one of solution"):
        accuracy_reward(completions=[RIGHT], goldd=["1/2"])


def test_verl_takes_one_and_a_batch() -> None:
    from ampo.integrations.verl import compute_score, compute_score_batch

    assert compute_score("math", RIGHT, "1/2", {"question": "?"})["score"] == 1.0
    found = compute_score_batch(["math"] * 2, [RIGHT, WRONG], ["1/2", ["1/2"]], [None, {}])
    assert [row["acc"] for row in found] == [1.0, 0.0]


def test_a_row_without_a_reference_is_counted_by_verl_and_ends_nothing() -> None:
    from ampo.integrations.verl import compute_score, compute_score_batch

    with pytest.warns(UserWarning, match="no reference answer"):
        found = compute_score_batch(["math"] * 3, [RIGHT] * 3, ["1/2", "", []])
    assert [row["ampo_no_reference"] for row in found] == [0.0, 1.0, 1.0]
    assert found[1] == {"score": 0.0, "acc": 0.0, "ampo_outcome": -1.0, "ampo_no_reference": 1.0}
    with pytest.warns(UserWarning, match="no reference answer"):
        assert compute_score("math", RIGHT, None)["ampo_no_reference"] == 1.0


def test_verifiers_takes_a_rubrics_arguments() -> None:
    from ampo.integrations.verifiers import correct_answer

    messages = [{"role": "assistant", "content": RIGHT}]
    assert asyncio.run(correct_answer(completion=messages, answer="1/2", prompt=messages, state={}, info={})) == 1.0


@pytest.fixture
def openrlhf_file() -> Any:
    """The module as OpenRLHF loads it: from its file, under another name."""
    pytest.importorskip("openrlhf")
    spec = importlib.util.spec_from_file_location("reward_func", FOLDER / "openrlhf.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_openrlhfs_own_executor_takes_the_reward_from_our_file(openrlhf_file: Any) -> None:
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    executor = SingleTurnAgentExecutor(str(FOLDER / "openrlhf.py"))
    rows = [("Q: ", RIGHT + "<|im_end|>\n", "1/2"), ("Q: ", WRONG, "1/2"), ("Q: ", RIGHT, "")]
    found = [
        asyncio.run(executor._fetch_rewards_via_func([prompt + text], [prompt], [label]))[0]
        for prompt, text, label in rows
    ]
    assert [row["rewards"] for row in found] == [1.0, 0.0, 0.0]
    assert [row["extra_logs"]["reward_failed"] for row in found] == [0.0, 0.0, 1.0]


def test_openrlhfs_agent_answers_in_one_turn(openrlhf_file: Any) -> None:
    executor = openrlhf_file.AgentExecutor()
    state = {"observation_text": "Q: ", "action_text": RIGHT, "label": "1/2"}
    found = asyncio.run(executor.agent_instance_cls().step(state))
    assert found["rewards"] == 1.0
    assert found["done"]


class _Said:
    """A model that says what each document tells it to."""

    texts: ClassVar[list[str]] = [RIGHT, WRONG, "I don't know."]


def test_lm_eval_runs_a_users_task_with_our_filter_and_metric(tmp_path: Path) -> None:
    pytest.importorskip("lm_eval")
    from lm_eval.api.model import LM
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    class Model(LM):
        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
            return [_Said.texts[int(request.doc["id"])] for request in requests]

        def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> list[Any]:
            raise NotImplementedError

        def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> list[Any]:
            raise NotImplementedError

    data = tmp_path / "data.jsonl"
    data.write_text("".join(f'{{"id": "{i}", "question": "Half?", "answer": "so #### 1/2"}}\n' for i in range(3)))
    common = f"""
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
process_results: !function ampo.integrations.lm_eval.process_results
metric_list:
  - {{metric: ampo, aggregation: mean, higher_is_better: true}}
"""
    judged = """
repeats: 2
filter_list:
  - name: ampo
    filter:
      - {function: custom, filter_fn: !function ampo.integrations.lm_eval.judge}
"""
    (tmp_path / "a.yaml").write_text("task: halves" + common)
    (tmp_path / "b.yaml").write_text("task: halves_judged" + common + judged)
    os.environ["HF_DATASETS_OFFLINE"] = "1"
    found = simple_evaluate(
        Model(),
        tasks=["halves", "halves_judged"],
        task_manager=TaskManager(include_path=str(tmp_path)),
        bootstrap_iters=0,
    )
    results = (found or {}).get("results", {})
    assert results["halves"]["ampo,none"] == pytest.approx(1 / 3)
    assert results["halves_judged"]["ampo,ampo"] == pytest.approx(1 / 3)


def test_an_evaluate_metric_computes_at_once_and_by_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("evaluate")
    from ampo.integrations.evaluate import Ampo

    metric = Ampo(cache_dir=str(tmp_path))
    found = metric.compute(predictions=[RIGHT, WRONG, "I don't know."], references=["1/2"] * 3)
    assert found == pytest.approx({"accuracy": 1 / 3, "no_answer": 1 / 3, "timeout": 0.0})
    metric.add_batch(predictions=[RIGHT], references=["1/2"])
    metric.add(prediction=WRONG, reference="1/2")
    assert metric.compute()["accuracy"] == 0.5  # type: ignore[index]
