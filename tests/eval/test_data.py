from __future__ import annotations

import builtins
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ampo.errors import UserError
from ampo.eval.data import fingerprint, from_file, load_problems
from ampo.eval.given import benchmark_of, given_problems
from ampo.eval.suites import Benchmark, Columns, resolve
from ampo.types import Problem

GOOD = [{"id": "a", "question": "1+1?", "answer": "2"}, {"id": "b", "question": "2+2?", "answer": "4"}]


def jsonl(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_jsonl_file_in_the_normal_form(tmp_path: Path) -> None:
    problems = from_file(jsonl(tmp_path / "My set!.jsonl", GOOD))
    assert problems == [
        Problem("My_set/a", "1+1?", "2", benchmark="My_set"),
        Problem("My_set/b", "2+2?", "4", benchmark="My_set"),
    ]


def test_options_make_a_choice_question(tmp_path: Path) -> None:
    rows = [
        {"question": "?", "options": ["x", "y"], "answer": "B"},
        {"question": "!", "options": ["x", "y"], "answer": 0},
    ]
    problems = from_file(jsonl(tmp_path / "c.jsonl", rows))
    assert [(p.id, p.answer, p.options, p.kind) for p in problems] == [
        ("c/0", "B", ("x", "y"), "choice"),
        ("c/1", "A", ("x", "y"), "choice"),
    ]


def test_csv_with_named_columns_a_byte_order_mark_and_line_feeds_in_a_cell(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text('key,task,gold\nk1,"what,\nthen?",7\nk2,"sa""y",½\n', encoding="utf-8-sig")
    problems = from_file(file, "task", "gold", id_column="key", answer_kind="math", name="mine")
    assert [(p.id, p.question, p.answer, p.kind) for p in problems] == [
        ("mine/k1", "what,\nthen?", "7", "math"),
        ("mine/k2", 'sa"y', "½", "math"),
    ]


def test_options_of_a_csv_are_json_in_a_cell(tmp_path: Path) -> None:
    file = tmp_path / "c.csv"
    file.write_text('question,choices,answer,key\n?,"[""x"", ""y"", ""z""]",C,k1\n!,"[""x"", 2]",B,k2\n1+1?, ,2,k3\n')
    problems = from_file(file, id_column="key", options_column="choices")
    assert [(p.id, p.answer, p.options) for p in problems] == [
        ("c/k1", "C", ("x", "y", "z")),
        ("c/k2", "B", ("x", "2")),
        ("c/k3", "2", ()),
    ]


@pytest.mark.parametrize("cell", ["x|y", "['x', 'y']", '{"A": "x"}', "[" * 100_000, '["x"', "7"])
def test_options_that_are_no_list_are_refused(tmp_path: Path, cell: str) -> None:
    rows = [{"question": "?", "answer": "A", "options": cell}]
    with pytest.raises(
        UserError, match=r'x\.jsonl:1: the options are no list: write them as JSON, \["first", "second"\]'
    ):
        from_file(jsonl(tmp_path / "x.jsonl", rows))


@pytest.mark.parametrize("options", [["x"], '["x"]'])
def test_a_single_option_is_refused(tmp_path: Path, options: object) -> None:
    rows = [{"question": "?", "answer": "A", "options": options}]
    with pytest.raises(UserError, match="one option only"):
        from_file(jsonl(tmp_path / "x.jsonl", rows))


def test_parquet_and_the_authors_verl_form(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    plain, verl = tmp_path / "plain.parquet", tmp_path / "verl.parquet"
    parquet.write_table(pa.Table.from_pylist([{"problem": "1+1?", "answer": 2}]), plain)
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}]
    row = {"data_source": "d", "prompt": turns, "reward_model": {"ground_truth": "4", "style": "rule"}}
    parquet.write_table(pa.Table.from_pylist([row]), verl)
    assert [(p.question, p.answer) for p in from_file(plain)] == [("1+1?", "2")]
    assert [(p.question, p.answer) for p in from_file(verl)] == [("2+2?", "4")]


def test_a_users_toml_names_columns_and_data(tmp_path: Path) -> None:
    jsonl(tmp_path / "x.jsonl", [{"q": "1+1?", "a": "2"}])
    toml = tmp_path / "mine.toml"
    toml.write_text('dataset = "x.jsonl"\ncolumns = { question = "q", answer = "a" }\nanswer_kind = "math"\n')
    [problem] = load_problems(resolve(str(toml))[0])
    assert problem == Problem("mine/0", "1+1?", "2", benchmark="mine", kind="math")


def test_the_limit_takes_the_first(tmp_path: Path) -> None:
    benchmark = benchmark_of(jsonl(tmp_path / "x.jsonl", GOOD))
    assert [p.id for p in load_problems(benchmark, limit=1)] == ["x/a"]
    assert len(load_problems(benchmark, limit=99)) == 2
    for limit in (0, -1):
        with pytest.raises(UserError, match=f"--limit {limit}: it must be at least 1"):
            load_problems(benchmark, limit=limit)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n  \n", "is empty"),
        (b'{"question": "a", "answer": "1"}\n{"question": \n', r"x\.jsonl:2: broken JSON"),
        (b'{"question": "a", "answer": "1"}\n\n[1]\n', r"x\.jsonl:3: each line must be a JSON object"),
        (b'{"question": "a", "answer": "1"}\n{"question": "\xff"}\n', "is not UTF-8"),
        (b"[" * 100_000, r"x\.jsonl:1: broken JSON"),
        (b'{"problem": "a", "solution": "1"}\n', "which column is the answer.*problem, solution"),
        (b'{"question": "a", "answer": "1"}\n{"question": "b"}\n', r":2: there is no column 'answer'.*question"),
        (b'{"question": "a", "answer": null}\n', "column 'answer' is empty here"),
        (b'{"question": " ", "answer": "1"}\n', "the question is empty"),
        (b'{"question": "a", "answer": {"x": 1}}\n', ":1: expected text or a number, found an object"),
        (b'{"question": "a", "answer": true}\n', ":1: expected text or a number, found bool"),
        (b'{"question": "a", "answer": "C", "options": ["x", "y"]}\n', "'C' names none of the options A to B"),
        (b'{"question": "a", "answer": 2, "options": ["x", "y"]}\n', "the answer 2 is no option"),
        (
            b'{"id": 1, "question": "a", "answer": "1"}\n{"id": "1", "question": "b", "answer": "1"}\n',
            r"the id 'x/1' occurs twice \(.*x\.jsonl:1; .*x\.jsonl:2\)",
        ),
    ],
)
def test_bad_jsonl_is_said_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        from_file(file)
    assert "\n" not in str(caught.value)


def test_other_bad_files(tmp_path: Path) -> None:
    csv = tmp_path / "x.csv"
    csv.write_text("question,answer\na,1\nb\n")
    with pytest.raises(UserError, match=r"x\.csv:3: the number of fields differs"):
        from_file(csv)
    csv.write_text('question,answer\na,"1"2\n')
    with pytest.raises(UserError, match=r"x\.csv:2: broken CSV"):
        from_file(csv)
    bad = tmp_path / "x.parquet"
    bad.write_bytes(b"not parquet")
    with pytest.raises(UserError, match="not a readable Parquet file"):
        from_file(bad)
    sheet = tmp_path / "x.xlsx"
    sheet.touch()
    with pytest.raises(UserError, match=r"ends in \.jsonl, .*\.parquet; this one in '\.xlsx'"):
        from_file(sheet)
    with pytest.raises(UserError, match="does not exist"):
        from_file(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match="is a folder"):
        from_file(tmp_path)
    with pytest.raises(UserError, match="there is no column 'nope'; the columns are: id, question, answer"):
        from_file(jsonl(tmp_path / "x.jsonl", GOOD), answer_column="nope")


def test_the_fingerprint_sees_every_part_and_the_order() -> None:
    base = Problem("x/0", "q", "1", options=("a", "b"))
    others = [
        Problem("x/1", "q", "1", options=("a", "b")),
        Problem("x/0", "q ", "1", options=("a", "b")),
        Problem("x/0", "q", "2", options=("a", "b")),
        Problem("x/0", "q", "1", options=("ab",)),
    ]
    assert len({fingerprint([p]) for p in [base, *others]}) == 5
    assert fingerprint([base, others[0]]) != fingerprint([others[0], base])
    assert fingerprint([base]) == fingerprint([Problem("x/0", "q", "1", "anything", ("a", "b"), "choice")])


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that can't reach the hub: an address that nothing answers at, and an empty cache."""
    monkeypatch.setattr("ampo.models.hub_reachable", lambda: False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("AMPO_DATA_DIR", raising=False)


@pytest.mark.usefixtures("no_hub")
def test_an_unreachable_hub_names_the_ways_on(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    [aime] = resolve("aime24")
    with pytest.raises(UserError, match=r"the hub can't be reached.*--data-dir or AMPO_DATA_DIR"):
        load_problems(aime)
    with pytest.raises(UserError, match=rf"{re.escape(str(tmp_path))} has no aime24\.jsonl"):
        load_problems(aime, data_dir=tmp_path)


@pytest.mark.usefixtures("no_hub")
def test_a_data_folder_wins_over_the_hub_by_argument_and_by_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    [amc] = resolve("amc")
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, answer in ((here, "142.0"), (there, "7")):
        folder.mkdir()
        jsonl(folder / "amc.jsonl", [{"id": "amc/0", "question": "q", "answer": answer}])
    monkeypatch.setenv("AMPO_DATA_DIR", str(here))
    assert load_problems(amc)[0].answer == "142"
    assert load_problems(amc, data_dir=there)[0] == Problem("amc/0", "q", "7", benchmark="amc", kind="math")
    assert "1 problems found, 83 expected" in caplog.text
    monkeypatch.setenv("AMPO_DATA_DIR", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"AMPO_DATA_DIR names .*gone, which is not a folder"):
        load_problems(amc)


def test_a_gated_set_and_a_missing_one_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    from datasets.exceptions import DatasetNotFoundError

    def refuse(*args: object, **kwargs: object) -> None:
        raise DatasetNotFoundError("Dataset 'x' is a gated dataset on the Hub.\nVisit the page to ask for access.")

    def lack(*args: object, **kwargs: object) -> None:
        raise DatasetNotFoundError("Dataset 'x' doesn't exist on the Hub or cannot be accessed.")

    monkeypatch.delenv("AMPO_DATA_DIR", raising=False)
    monkeypatch.setattr("ampo.models.hub_reachable", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(UserError, match=r"'a/b' is gated: accept its terms on its page on the hub.*`hf auth login`"):
        load_problems(Benchmark(name="x", source="a/b"))  # the hub says it
    monkeypatch.setattr(datasets, "load_dataset", lack)
    with pytest.raises(UserError, match=r"gpqa.* is gated: accept its terms on https.*`hf auth login`"):
        load_problems(resolve("gpqa_diamond")[0])  # its file says it
    with pytest.raises(UserError, match="'a/b' is not on the hub"):
        load_problems(Benchmark(name="x", source="a/b"))


@pytest.mark.parametrize(
    ("error", "revision", "message"),
    [
        ("DataFilesNotFoundError:No (supported) data files found in a/b", None, "can't be read (No (supported) data"),
        ("DatasetGenerationError:An error occurred while generating", None, "can't be read (An error occurred"),
        ("RuntimeError:Dataset scripts are no longer supported", None, "can't be read (Dataset scripts are no longer"),
        ("DatasetNotFoundError:Revision 'abc' doesn't exist for dataset 'a/b'", "abc", "has no revision 'abc'"),
        ("DatasetNotFoundError:Dataset 'a/b' doesn't exist on the Hub", "abc", "is not on the hub"),
        ("ConnectionError:reset by peer", None, "the hub can't be reached"),
    ],
)
def test_what_the_hub_may_answer_is_one_line(
    error: str, revision: str | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    name, _, text = error.partition(":")
    kind = getattr(datasets.exceptions, name, None) or getattr(builtins, name)
    asked: list[object] = []

    def answer(*args: object, revision: object, **kwargs: object) -> None:
        asked.append(revision)
        raise kind(f"{text}\nand more")

    monkeypatch.delenv("AMPO_DATA_DIR", raising=False)
    monkeypatch.setattr("ampo.models.hub_reachable", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", answer)
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        load_problems(Benchmark(name="x", source="a/b", revision=revision))
    assert "\n" not in str(caught.value)
    assert asked == [revision]


def test_a_missing_column_says_what_helps_there(tmp_path: Path) -> None:
    (tmp_path / "amc.jsonl").write_text('{"id": "0", "problem": "q", "answer": "1"}\n')
    with pytest.raises(UserError, match="A file in a data folder has id, question, answer"):
        load_problems(resolve("amc")[0], data_dir=tmp_path)
    with pytest.raises(UserError, match="Name the right one: --question-column"):
        from_file(tmp_path / "amc.jsonl", question_column="task")


def test_a_hub_set_in_the_cache_is_read_by_its_columns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The whole way through `datasets`, from a local folder in the hub's own form."""
    pytest.importorskip("datasets")
    monkeypatch.delenv("AMPO_DATA_DIR", raising=False)
    monkeypatch.setattr("ampo.models.hub_reachable", lambda: True)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "set"
    folder.mkdir()
    jsonl(folder / "test.jsonl", [{"problem": "1+1?", "answer": 142.0}, {"problem": "2?", "answer": 5.0}])
    made = {"name": "amc2", "source": str(folder), "normaliser": "integer", "answer_kind": "math"}
    columns = {"question": "problem", "answer": "answer"}
    problems = load_problems(Benchmark.model_validate(made | {"columns": columns}))
    assert [(p.id, p.question, p.answer) for p in problems] == [("amc2/0", "1+1?", "142"), ("amc2/1", "2?", "5")]
    with pytest.raises(UserError, match=r"there is no column 'question'; .*: problem, answer.* has changed"):
        load_problems(Benchmark.model_validate(made))
    with pytest.raises(UserError, match="split"):
        load_problems(Benchmark.model_validate(made | {"columns": columns, "split": "exam"}))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"question": "a \\ud800 b", "answer": "1"}', "surrogate"),
        ("a.jsonl", '{"question": "q", "answer": NaN}', "nan stands"),
        ("a.csv", "question,answer,answer\na,1,2", "2 columns are called 'answer'"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, name, content, said):
    (tmp_path / name).write_text(content + "\n")
    with pytest.raises(UserError, match=said):
        load_problems(benchmark_of(tmp_path / name))


def test_options_of_later_rows_are_read(tmp_path):
    rows = '{"question": "1+1?", "answer": "2"}\n{"question": "pick", "answer": "B", "options": ["x", "y"]}\n'
    (tmp_path / "a.jsonl").write_text(rows)
    first, second = load_problems(benchmark_of(tmp_path / "a.jsonl"))
    assert (first.options, second.options) == ((), ("x", "y"))


def test_other_forms_of_files(tmp_path: Path) -> None:
    import gzip

    rows = [{"question": "1+1?", "answer": "2"}, {"question": "1+2?", "answer": "3"}]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "b.json").write_text(json.dumps(rows))
    (tmp_path / "c.tsv").write_text("question\tanswer\n1+1?\t2\n1+2?\t3\n")
    for file in ("a.jsonl.gz", "b.json", "c.tsv"):
        assert [p.answer for p in from_file(tmp_path / file)] == ["2", "3"]
    broken = {
        "d.jsonl.gz": (gzip.compress(lines)[:-9], "not a whole gzip file"),
        "e.json": (b'{"question": 1}', "give an array of objects"),
        "f.csv": (b"question;answer\n1+1?;2\n", "separated by semicolons"),
        "g.csv": (b"\x00\x01\xff", "UTF-8|NUL"),
        "h.json": (b"", "broken JSON"),
    }
    for name, (content, message) in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=message):
            from_file(tmp_path / name)


def test_a_file_has_its_usual_columns_whoever_names_it(tmp_path: Path) -> None:
    jsonl(tmp_path / "rows.jsonl", [{"id": "k", "q": "?", "answer": "B", "options": ["x", "y"]}])
    (tmp_path / "mine.toml").write_text('dataset = "rows.jsonl"\ncolumns = { question = "q" }\n')
    [benchmark] = resolve(str(tmp_path / "mine.toml"))
    [problem] = load_problems(benchmark)
    assert (problem.id, problem.options, problem.kind) == ("mine/k", ("x", "y"), "choice")
    named = Benchmark(name="b", dataset=tmp_path / "rows.jsonl", columns=Columns(question="q", id="q"))
    assert load_problems(named)[0].id == "b/?"


def test_a_problem_without_an_answer_is_refused() -> None:
    with pytest.raises(UserError, match="the problem 'b' has no reference answer"):
        given_problems([Problem("a", "1+1?", "2"), Problem("b", "2+2?", " ")])
