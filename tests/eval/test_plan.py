"""What a dry run says, without a model, a hub or a GPU."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest

from ampo.errors import MissingExtraError, UserError
from ampo.eval import plan as planning
from ampo.eval.adaptive import Rule
from ampo.eval.given import benchmark_of
from ampo.eval.plan import CHARS_PER_TOKEN, CHAT_TOKENS, QUESTION_CHARS, make_plan, model_size
from ampo.eval.plan_table import show
from ampo.eval.suites import Benchmark, catalogue, resolve
from ampo.hub import HubDataError
from ampo.prompts import load_template
from ampo.terminal import Console
from ampo.types import Problem

AMPO_7B = "SII-Enigma/Qwen2.5-7B-Ins-AMPO"


@pytest.fixture
def nothing_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No data and no tokenizer: no folder of copies, no hub, nothing in its cache."""

    def lost(benchmark: Benchmark, looked_in: Path | None) -> None:
        raise HubDataError(f"{benchmark.name}: the hub can't be reached")

    monkeypatch.setattr("ampo.eval.data.from_hub", lost)
    monkeypatch.setattr("ampo.models.hub_reachable", lambda: False)
    monkeypatch.delenv("AMPO_DATA_DIR", raising=False)


def text_of(plan: planning.Plan) -> str:
    out = StringIO()
    show(plan, Console(file=out, width=80, highlight=False))
    assert max(map(len, out.getvalue().splitlines())) <= 80
    return " ".join(out.getvalue().split())


@pytest.mark.usefixtures("nothing_here")
def test_the_whole_paper_suite_from_the_catalogue() -> None:
    plan = make_plan(resolve("paper"), AMPO_7B)
    assert [(item.benchmark, item.problems, item.samples) for item in plan.items] == [
        (benchmark.name, benchmark.n_problems, benchmark.samples) for benchmark in resolve("paper")
    ]
    samples = 143 * 32 + 500 + 272 + 675 + 1172 + 198 + 12032
    assert plan.most_tokens == samples * 8192
    assert plan.expected_tokens == samples * 1500
    assert all(item.missing and not item.counted and item.template.name == "ampo" for item in plan.items)
    assert plan.gpu_hours(plan.expected_tokens) == pytest.approx(
        (samples * 1500 + plan.prompt_tokens / 10) / 2500 / 3600
    )
    text = text_of(plan)
    for printed in ("14.0 17.4", "14.1 17.7", "48.0 50.5", "80.8 80.2", "39.3 39.0", "45.9 44.7", "92.7 92.3"):
        assert printed in text
    for printed in ("40.4 39.9", "59.6 60.2", "math_avg 40.4 41.6", "ood_avg 64.2"):
        assert printed in text
    assert "number and length of problems are the catalogue's: aime24: the hub can't be reached" in text
    assert "assumed, 600 characters: gpqa_diamond" in text
    assert "requests: 14,992" in text
    assert "at 2,500 tokens/s (assumed for a model of 7B, by its name" in text
    assert "arXiv 2510.02227, Table 1" in text
    assert "gpqa_diamond 5.1 (GRPO)" in text
    assert "Llama" not in text


@pytest.mark.usefixtures("nothing_here")
def test_flags_change_the_plan() -> None:
    [item] = make_plan(resolve("math500"), AMPO_7B, limit=10, samples=3, sampling={"max_tokens": 100}).items
    assert (item.problems, item.samples, item.most_tokens) == (10, 3, 3000)
    assert item.expected_tokens(1500.0) == 3000  # no response is longer than its limit
    assert item.prompt_tokens == 10 * (round(137 / 4.5 + 196 / CHARS_PER_TOKEN) + CHAT_TOKENS)
    plan = make_plan(resolve("math500"), AMPO_7B, tokens_per_second=100, mean_tokens=36)
    assert plan.gpu_hours(plan.expected_tokens) == pytest.approx((500 * 36 + plan.prompt_tokens / 10) / 360_000)
    assert "36 tokens a response (as given)" in text_of(plan)
    assert "40.4 39.9" not in text_of(plan)
    [item] = make_plan(resolve("aime24"), AMPO_7B, sampling={"temperature": 0.0}).items
    assert item.samples == 1


@pytest.mark.usefixtures("nothing_here")
def test_an_adaptive_plan_goes_up_to_its_cap() -> None:
    plan = make_plan(resolve("aime24"), AMPO_7B, rule=Rule(0.02, max_samples=16))
    assert (plan.items[0].samples, plan.items[0].most_samples, plan.most_tokens) == (4, 16, 30 * 16 * 8192)
    text = text_of(plan)
    assert "30 x 4-16" in text
    assert "(if every problem goes to the cap)" in text
    with pytest.raises(UserError, match="greedy ones are all the same"):
        make_plan(resolve("aime24"), AMPO_7B, rule=Rule(0.02), sampling={"temperature": 0.0})


@pytest.mark.usefixtures("nothing_here")
def test_data_that_is_here_is_counted(tmp_path: Path, model_path: str) -> None:
    from transformers import AutoTokenizer

    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps({"question": f"{i} + {i}?", "answer": 2 * i}) + "\n" for i in range(7)))
    plan = make_plan([benchmark_of(file)], model_path)
    [item] = plan.items
    assert (item.problems, item.counted, item.missing) == (7, True, "")
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    conversation = load_template("ampo").render(Problem("x", "3 + 3?", "6"))
    [ids] = [
        tokenizer.apply_chat_template(list(conversation), tokenize=True, add_generation_prompt=True, return_dict=False)
    ]
    assert item.prompt_tokens == 7 * len(ids)
    text = text_of(plan)
    assert "counted by the tokenizer of" in text
    assert "nothing of the paper's Table 1, since" in text
    without = make_plan([benchmark_of(file)], "http://127.0.0.1:9/v1")
    assert not without.items[0].counted
    assert without.prompt_tokens == pytest.approx(item.prompt_tokens, rel=0.25)


@pytest.mark.usefixtures("nothing_here")
def test_what_a_run_would_refuse_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="unknown model 'no-such-model'"):
        make_plan(resolve("aime24"), "no-such-model")
    assert make_plan(resolve("aime24"), "an-endpoints-own", here=False).items
    with pytest.raises(UserError, match="did you mean ampo"):
        make_plan(resolve("aime24"), AMPO_7B, template="ampoo")
    (tmp_path / "x.jsonl").write_text("{broken\n")
    with pytest.raises(UserError, match="broken JSON"):
        make_plan(resolve(_toml(tmp_path, 'dataset = "x.jsonl"')), AMPO_7B)
    with pytest.raises(HubDataError):  # nobody knows how large it is
        make_plan(resolve(_toml(tmp_path, 'source = "a/b"')), AMPO_7B)
    (tmp_path / "aime24.jsonl").write_text("")
    with pytest.raises(UserError, match="is empty"):  # an offline copy that is broken is no reason to estimate
        make_plan(resolve("aime24"), AMPO_7B, data_dir=tmp_path)

    def no_datasets(benchmark: Benchmark, looked_in: Path | None) -> None:
        raise MissingExtraError("datasets", "data", "the hub data set")

    monkeypatch.setattr("ampo.eval.data.from_hub", no_datasets)
    assert make_plan(resolve("aime24"), AMPO_7B).items[0].problems == 30


def _toml(folder: Path, line: str) -> str:
    (folder / "mine.toml").write_text(line + "\n")
    return str(folder / "mine.toml")


def test_every_size_of_the_catalogue_is_known_and_only_gpqas_length_is_assumed() -> None:
    hub = [b for b in catalogue() if b.source]
    assert all(b.n_problems for b in hub)
    assert [b.name for b in hub if b.question_chars is None] == ["gpqa_diamond"]
    assert QUESTION_CHARS == 600


def test_the_lengths_of_the_catalogue_are_those_of_the_data(data_dir: Path) -> None:
    from ampo.eval.data import load_problems

    template = load_template("ampo")
    for benchmark in catalogue():
        if benchmark.question_chars:
            problems = load_problems(benchmark, data_dir=data_dir)
            chars = sum(len(template.render(p)[-1]["content"]) for p in problems) / len(problems)
            assert benchmark.question_chars == round(chars)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        (AMPO_7B, 7),
        ("SII-Enigma/Qwen2.5-1.5B-Ins-AMPO", 1.5),
        ("smollm2-135m", 0.135),
        ("./models/llama-3.2-8b/", 8),
        ("/x/llama-3.2-8b", 8),
        ("my-model-4bit", None),
        ("gpt-oss", None),
    ],
)
def test_a_models_size_is_in_its_name(name: str, size: float | None) -> None:
    assert model_size(name) == size


def test_a_way_of_its_own_to_find_the_answer_is_shown(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"question": "?", "answer": "1"}\n')
    rule = r"(?m)^Solution: [a-z]+ (.+)$"
    plan = make_plan([Benchmark(name="own", dataset=tmp_path / "rows.jsonl", extract=rule)], "some/model-7B")
    assert f"extraction (own): {rule}" in text_of(plan)
