"""Opening a guidance pool in each of its shapes, and looking prompts up without loading it."""

from __future__ import annotations

import builtins
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampo.errors import UserError
from ampo.guidance import GuidancePool, PoolEntry, index, rows
from ampo.guidance.formats import entry_of, line_of, question_key
from ampo.types import Solution

ROWS = [
    {
        "uid": f"p/{i}",
        "question": f"What is {i} + {i}?",
        "answer": str(2 * i),
        "solutions": [
            {"source": "a", "content": f"It is {2 * i}.", "verified": True, "tokens": 5},
            {"source": "b", "content": "I don't know", "is_correct": False},
        ],
    }
    for i in range(20)
]


def write(path: Path, table: list) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in table))
    return path


def verl_rows(**columns: object) -> list[dict]:
    return [
        {
            "data_source": "openr1",
            "prompt": [{"role": "system", "content": "Think."}, {"role": "user", "content": row["question"]}],
            "ability": "math",
            "reward_model": {"ground_truth": row["answer"], "style": "rule"},
            "extra_info": {"index": -1, "split": "train"},
            **columns,
        }
        for row in ROWS
    ]


AUTHORS = {
    "target_lst": [
        {"content": "One way.", "quality_score": 1.0, "role": "assistant", "source": "Qwen3-8B"},
        {"content": "Another.", "quality_score": 0.5, "role": "assistant", "source": "OpenR1-Qwen-7B"},
    ]
}


def parquet(path: Path, table: list, group: int = 7) -> Path:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet as pq

    pq.write_table(pa.Table.from_pylist(table), path, row_group_size=group)
    return path


def test_our_own_format(tmp_path):
    pool = GuidancePool.open(write(tmp_path / "pool.jsonl", ROWS))
    assert len(pool) == 20
    entry = pool["p/7"]
    assert (entry.question, entry.answer) == ("What is 7 + 7?", "14")
    assert entry.solutions[0] == Solution("a", "It is 14.", 5, True)
    assert entry.solutions[1].metadata == {"is_correct": False}
    assert pool.get("  What  is 7\n+ 7? ") == entry
    assert "p/21" not in pool
    assert pool.get("What is 7 - 7?") is None
    with pytest.raises(KeyError):
        pool["What is 7 - 7?"]
    assert [e.uid for e in pool] == [row["uid"] for row in ROWS]
    assert pickle.loads(pickle.dumps(pool))["p/7"] == entry


@pytest.mark.parametrize("container", ["parquet", "jsonl"])
@pytest.mark.parametrize(
    ("columns", "solutions"),
    [
        (AUTHORS, (("Qwen3-8B", "One way."), ("OpenR1-Qwen-7B", "Another."))),
        ({"target": [{"content": "Only.", "role": "assistant"}]}, (("teacher", "Only."),)),
        ({"target": ["Only."]}, (("teacher", "Only."),)),
        ({}, ()),
    ],
    ids=["authors", "luffy", "luffy-text", "verl"],
)
def test_formats_of_others(tmp_path, container, columns, solutions):
    make = parquet if container == "parquet" else write
    pool = GuidancePool.open(make(tmp_path / f"train.{container}", verl_rows(**columns)))
    assert len(pool) == 20
    entry = pool["What is 19 + 19?"]
    assert entry.answer == "38"
    assert tuple((s.source, s.content) for s in entry.solutions) == solutions
    assert all(s.verified is None for s in entry.solutions)
    assert pool[entry.uid] == entry
    assert len({e.uid for e in pool}) == 20


def test_a_prompt_has_the_same_uid_in_every_file(tmp_path):
    with_solutions = GuidancePool.open(write(tmp_path / "a.jsonl", verl_rows(**AUTHORS)))
    prompts_only = GuidancePool.open(write(tmp_path / "b.jsonl", verl_rows()))
    assert all(entry.uid in with_solutions for entry in prompts_only)


def test_a_folder_of_parquet_files(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "_CACHED", 1)  # one row group at a time
    table = verl_rows(**AUTHORS)
    parquet(tmp_path / "train-0.parquet", table[:11])
    parquet(tmp_path / "train-1.parquet", table[11:])
    pool = GuidancePool.open(tmp_path)
    for i in (19, 0, 10, 11, 6, 7):
        assert pool[f"What is {i} + {i}?"].answer == str(2 * i)
    assert [e.answer for e in pool] == [row["answer"] for row in ROWS]


def test_our_format_as_parquet(tmp_path):
    pool = GuidancePool.open(parquet(tmp_path / "pool.parquet", ROWS))
    assert pool["p/3"].solutions[0] == Solution("a", "It is 6.", 5, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"uid": "x", "question": "q"', "broken JSON"),
        ("[1, 2]", "must be a JSON object"),
        ('{"uid": "x", "question": "q", "reply": "1"}', "the columns are: uid, question, reply"),
        ('{"uid": "x", "question": " ", "answer": "1"}', "`question` must be text"),
        ('{"uid": "x", "question": "q", "answer": null}', "`answer` must be text"),
        ('{"question": "q", "answer": "1", "solutions": 3}', "`solutions` must be a list"),
        ('{"question": "q", "answer": "1", "solutions": [{"source": "a"}]}', "solution 1: `content` must be text"),
        ('{"question": "q", "answer": "1", "solutions": [{"content": "c", "tokens": "9"}]}', "whole number"),
        ('{"question": "q", "answer": "1", "solutions": [{"content": "c", "verified": "yes"}]}', "true, false"),
        ('{"prompt": [{"role": "system", "content": "s"}], "reward_model": {}}', "no turn of the user"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, said):
    file = write(tmp_path / "pool.jsonl", ROWS[:2])
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(UserError) as error:
        GuidancePool.open(file)
    assert f"{file}:3" in str(error.value)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pool.csv", "a,b", "unknown format '.csv'"),
        ("pool.jsonl", "", "is empty"),
        ("pool.parquet", "no parquet", "not a readable Parquet file"),
    ],
)
def test_what_is_no_pool(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=said):
        GuidancePool.open(tmp_path / name)


def test_names_that_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match="does not exist"):
        GuidancePool.open(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match=r"neither pool\.jsonl nor any \.parquet"):
        GuidancePool.open(tmp_path)
    with pytest.raises(UserError, match="columns are: a"):
        GuidancePool.open(parquet(tmp_path / "x.parquet", [{"a": 1}]))
    with pytest.raises(UserError, match="the hub can't be reached") as error:
        GuidancePool.open("SII-Enigma/OpenR1-Math-4LongCoTs-8.5k")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("RuntimeError:Dataset scripts are no longer supported", "can't be read (Dataset scripts are no longer"),
        (
            "DataFilesNotFoundError:No (supported) data files",
            "can't be read (No (supported) data files): give a .jsonl",
        ),
        ("DatasetNotFoundError:Dataset 'a/b' doesn't exist", "is not to be had from the hub (Dataset 'a/b'"),
        ("ValueError:Unknown split", "the data set 'a/b@v1:test': Unknown split"),
        ("ConnectionError:reset by peer", "the hub can't be reached and no copy is in its cache"),
    ],
)
def test_what_the_hub_may_answer_is_one_line(error: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    name, _, text = error.partition(":")
    kind = getattr(datasets.exceptions, name, None) or getattr(builtins, name)
    asked = []

    def answer(*args: object, **options: object) -> None:
        asked.append((args, options))
        raise kind(f"{text}\nand more")

    monkeypatch.setattr("ampo.models.hub_reachable", lambda: True)
    monkeypatch.setattr(datasets, "load_dataset", answer)
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        GuidancePool.open("a/b@v1:test")
    assert "\n" not in str(caught.value)
    assert asked == [(("a/b", None), {"split": "test", "revision": "v1"})]


def test_a_repeated_uid_is_left_out_with_a_warning(tmp_path, caplog):
    file = write(tmp_path / "pool.jsonl", [*ROWS[:3], ROWS[1] | {"answer": "99"}])
    for _ in range(2):  # from the rows, and from the index
        caplog.clear()
        pool = GuidancePool.open(file)
        assert len(pool) == len(list(pool)) == 3
        assert pool["p/1"].answer == "2"
        assert "1 rows repeat" in caplog.text


def test_the_index_is_remembered_until_the_file_changes(tmp_path, monkeypatch):
    file = write(tmp_path / "pool.jsonl", ROWS)
    GuidancePool.open(file)
    remembered = tmp_path / ".pool.jsonl.index.npz"
    assert remembered.exists()
    built = []
    build = index._build
    monkeypatch.setattr(index, "_build", lambda r: built.append(r) or build(r))
    assert len(GuidancePool.open(file)) == 20
    assert not built
    write(file, ROWS[5:])
    assert len(GuidancePool.open(file)) == 15
    remembered.write_bytes(b"damaged")
    assert len(GuidancePool.open(file)) == 15
    assert len(built) == 2


def test_a_folder_that_is_marked_read_only_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("AMPO_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "shared"
    folder.mkdir()
    file = write(folder / "pool.jsonl", ROWS)
    folder.chmod(0o555)
    try:
        assert len(GuidancePool.open(file)) == 20
        assert list(folder.iterdir()) == [file]
        assert len(list((tmp_path / "cache" / "pools").iterdir())) == 1
    finally:
        folder.chmod(0o755)


def test_a_large_pool_is_not_loaded(tmp_path):
    """150 MB of solutions: opening, two look-ups and a pass over them take the memory of a few entries."""
    file = tmp_path / "large.jsonl"
    long = "x" * 100_000
    with file.open("w") as stream:
        for i in range(1500):
            solution = {"source": "a", "content": f"{i} {long}"}
            stream.write(json.dumps({"uid": str(i), "question": f"q{i}", "answer": "1", "solutions": [solution]}))
            stream.write("\n")
    script = (
        "import resource, sys\nfrom ampo.guidance import GuidancePool\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "import ampo.guidance.pool\nbefore = peak()\n"
        "pool = GuidancePool.open(sys.argv[1])\n"
        "assert pool['1499'].solutions[0].content.startswith('1499 ')\n"
        "assert pool.get('q3').uid == '3'\nassert sum(1 for _ in pool) == 1500\n"
        "print((peak() - before) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, file],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    assert int(done.stdout) < 30, f"{done.stdout} MiB"


texts = st.text(min_size=1).filter(lambda t: t.strip())


@given(
    texts,
    texts,
    st.lists(
        st.builds(Solution, texts.map(str.strip), texts, st.none() | st.integers(0, 9), st.none() | st.booleans())
    ),
)
def test_an_entry_survives_the_file(question, answer, solutions):
    entry = PoolEntry("u", question.strip(), answer.strip(), tuple(solutions))
    line = line_of(entry)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert entry_of(json.loads(line.encode()), "here") == entry


@given(st.text())
def test_a_question_key_is_its_own_key(text):
    key = question_key(text)
    assert question_key(key) == key
    assert question_key(f" \n{text}\t ") == key
