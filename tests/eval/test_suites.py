from __future__ import annotations

from pathlib import Path

import pytest

from ampo.errors import UserError
from ampo.eval import suites
from ampo.eval.suites import SUITES, catalogue, load_benchmark, resolve
from ampo.prompts import load_template
from ampo.types import SamplingParams

PAPER = {
    "aime24": (30, 32),
    "aime25": (30, 32),
    "amc": (83, 32),
    "math500": (500, 1),
    "minerva": (272, 1),
    "olympiadbench": (675, 1),
    "arc_challenge": (1172, 1),
    "gpqa_diamond": (198, 1),
    "mmlu_pro": (12032, 1),
}
"""Problems, and samples of each, as the paper has them (section 5.1)."""


def test_the_catalogue_is_the_papers_sets_then_the_others() -> None:
    first = catalogue()[: len(PAPER)]
    assert {b.name: (b.n_problems, b.samples) for b in first} == PAPER
    assert tuple(PAPER) == SUITES["paper"] == SUITES["ampo"] + SUITES["ood"]
    assert all(b.title and b.description and b.license and b.url for b in catalogue())
    assert [b.name for b in catalogue() if b.gated] == ["gpqa_diamond"]


def test_every_benchmark_can_be_asked() -> None:
    for benchmark in catalogue():
        load_template(benchmark.template)
        SamplingParams(**benchmark.sampling)
        assert benchmark.name not in PAPER or benchmark.template == "ampo"


def test_names_suites_and_commas_each_benchmark_once() -> None:
    names = [b.name for b in resolve(["gsm8k,ood", "arc_challenge", "demo"])]
    assert names == ["gsm8k", "arc_challenge", "gpqa_diamond", "mmlu_pro", "demo"]
    assert [b.name for b in resolve("aime24, aime25")] == ["aime24", "aime25"]


def test_an_unknown_name_gets_the_nearest_ones() -> None:
    with pytest.raises(UserError, match=r"unknown suite or benchmark 'aime2': did you mean .*aime24"):
        resolve(["aime2"])
    with pytest.raises(UserError, match="can be one of: ampo, ood, paper, demo"):
        resolve(["qqqqqq"])
    with pytest.raises(UserError, match="no suite given"):
        resolve([","])


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_file_names_its_data_relative_to_itself(tmp_path: Path) -> None:
    file = write(
        tmp_path / "mine.toml", 'dataset = "x.jsonl"\ncolumns = { question = "q", answer = "a" }\nsamples = 3\n'
    )
    [benchmark] = resolve([str(file)])
    assert (benchmark.name, benchmark.samples, benchmark.columns.question) == ("mine", 3, "q")
    assert benchmark.dataset == tmp_path / "x.jsonl"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('dataset = "x.jsonl"\nsample = 3', "unknown key 'sample': did you mean samples"),
        ('dataset = "x.jsonl"\ncolumns = { questoin = "q" }', "unknown key 'columns.questoin': did you mean question"),
        ('dataset = "x.jsonl"\nsamples = 0', "samples is 0: "),
        (
            'dataset = "x.jsonl"\nsampling = { temprature = 1.0 }',
            "sampling: unknown parameter 'temprature'.*temperature",
        ),
        ('dataset = "x.jsonl"\nsampling = { temperature = -1 }', "sampling: .*temperature is -1"),
        ('dataset = "x.jsonl"\nsampling = { temperature = "hot" }', "sampling: .*temperature is 'hot': .* a number"),
        ('dataset = "x.jsonl"\nnormaliser = "intger"', "normaliser: unknown 'intger': did you mean integer"),
        ('dataset = "x.jsonl"\ntemplate = "boxd"', "unknown prompt template 'boxd': did you mean boxed"),
        ('dataset = "x.jsonl"\ntemplate = "t.toml#short"', r"cannot read the prompt templates .*/t\.toml"),
        ('dataset = "x.jsonl"\nextarct = "x"', r"did you mean extract\?$"),
        ('dataset = "x.jsonl"\nname = "a/b"', "name: letters, digits"),
        ('dataset = "x.jsonl"\nanswer_kind = "poem"', "answer_kind is 'poem': "),
        ('dataset = "x.jsonl"\nsource = "a/b"', "exactly one of source, dataset and parts"),
        ("samples = 3", "exactly one of source, dataset and parts"),
        ("samples = ", "not valid TOML"),
    ],
)
def test_what_is_wrong_in_a_users_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path / "mine.toml", text)
    with pytest.raises(UserError, match=message) as caught:
        resolve([str(file)])
    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_users_file_names_its_template_relative_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "t.toml", "[short]\nuser = '{question}!'\n")
    write(tmp_path / "mine.toml", 'dataset = "x.jsonl"\ntemplate = "t.toml#short"\n')
    monkeypatch.chdir(tmp_path.parent)
    [benchmark] = resolve([f"{tmp_path.name}/mine.toml"])
    assert load_template(benchmark.template).user == "{question}!"


def test_a_built_in_file_names_its_data_relative_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    write(folder / "f.py", "def f(text):\n    return text\n")
    write(folder / "zz.toml", 'dataset = "x.jsonl"\nextract = "f.py:f"\n')
    monkeypatch.setattr(suites, "files", lambda _: tmp_path)
    found = suites._built_in.__wrapped__()["zz"]
    assert (found.dataset, found.extract) == (folder / "x.jsonl", f"{folder}/f.py:f")


def test_a_users_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read the benchmark file .*none\.toml: No such file or directory$"):
        load_benchmark(tmp_path / "none.toml")
    write(tmp_path / "one.toml", "")
    with pytest.raises(UserError, match=r"No such file or directory: did you mean one\.toml\?$"):
        load_benchmark(tmp_path / "none.toml")


def test_two_benchmarks_of_one_name_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "other.toml", 'name = "gsm8k"\ndataset = "x.jsonl"\n')
    with pytest.raises(UserError, match="two different benchmarks are named 'gsm8k'"):
        resolve(["gsm8k", str(file)])
