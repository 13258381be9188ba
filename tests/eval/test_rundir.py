from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampo.errors import UserError
from ampo.eval.rundir import RunDir, drop_torn_line, dump, read_jsonl, write_atomically
from ampo.eval.score import rescore


@given(st.integers(0, 60))
def test_a_torn_last_line_is_dropped_wherever_it_was_torn(tmp_path_factory, cut: int) -> None:
    whole = dump({"id": "a#0"}) + dump({"id": "a#1", "text": "zwölf"})
    torn = whole.encode()[: max(0, len(whole.encode()) - cut)]
    file = tmp_path_factory.mktemp("torn") / "responses.jsonl"
    file.write_bytes(torn)
    said: list[str] = []
    drop_torn_line(file, said.append)
    left = file.read_bytes()
    assert torn.startswith(left)
    assert left == b"" or left.endswith(b"\n")
    assert bool(said) == (left != torn)
    assert [row["id"] for _, row in read_jsonl(file)] == ["a#0", "a#1"][: left.count(b"\n")]


def test_a_torn_line_longer_than_a_block(tmp_path: Path) -> None:
    file = tmp_path / "responses.jsonl"
    file.write_bytes(b'{"id": 1}\n' + b'{"text": "' + b"x" * 200_000)
    drop_torn_line(file, lambda _: None)
    assert file.read_bytes() == b'{"id": 1}\n'


@pytest.mark.parametrize("line", ["{broken", "[1]", "\x00"])
def test_a_broken_line_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "f.jsonl"
    file.write_text('{"a": 1}\n' + line + "\n")
    with pytest.raises(UserError, match=r"f\.jsonl:2 is not"):
        list(read_jsonl(file))


def test_what_a_model_can_write_survives(tmp_path: Path) -> None:
    for text in ("\ud800", "\u2028\u2029", "\x00", "é∫", '"\\'):
        file = tmp_path / "f.jsonl"
        file.write_text(dump({"text": text}), encoding="utf-8")
        assert [row["text"] for _, row in read_jsonl(file)] == [text]


def test_another_configuration_is_refused_with_the_difference(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    config = {"model": {"name": "m", "revision": None}, "sampling": {"temperature": 0.6}, "seed": 0}
    run.write_config(config)
    run.check_config(config)
    with pytest.raises(UserError) as error:
        run.check_config(config | {"sampling": {"temperature": 0.7, "top_k": 5}})
    assert "sampling.temperature was 0.6, is now 0.7" in str(error.value)
    assert "sampling.top_k was unset, is now 5" in str(error.value)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with RunDir(tmp_path).locked(), pytest.raises(UserError, match="another process"), RunDir(tmp_path).locked():
        pass


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write to"), RunDir(tmp_path / "file" / "run").locked():
        pass


def test_replacing_a_file_leaves_the_old_one_on_failure(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    write_atomically(file, json.dumps({"a": 1}))
    with pytest.raises(UnicodeEncodeError):
        write_atomically(file, "\ud800")
    assert json.loads(file.read_text()) == {"a": 1}


def test_no_run_directory(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "model").mkdir(parents=True)
    (tmp_path / "theirs" / "model" / "results_2026.json").write_text("{}")
    with pytest.raises(UserError, match="holds results of lm-eval"):
        RunDir.existing(tmp_path / "theirs")
    with pytest.raises(UserError, match="is no run directory"):
        RunDir.existing(tmp_path)


RESPONSE = {"id": "a#0", "problem": "a", "sample": 0, "seed": None, "text": "4", "finish_reason": "stop",
            "prompt_tokens": 1, "completion_tokens": 1, "seconds": 1, "first_token_seconds": None}  # fmt: skip
PROBLEM = {"id": "a", "question": "2+2?", "answer": "4", "benchmark": "s", "options": ["3", "4"], "kind": "auto"}


@pytest.mark.parametrize(
    ("file", "row", "message"),
    [
        ("responses", RESPONSE | {"text": 5}, "has 5 for its text"),
        ("responses", RESPONSE | {"finish_reason": "zzz"}, "has 'zzz' for its finish_reason"),
        ("responses", RESPONSE | {"sample": True}, "has True for its sample"),
        ("responses", RESPONSE | {"extra": 1}, "unknown fields (extra)"),
        ("problems", PROBLEM | {"options": None}, "has None for its options"),
        ("problems", PROBLEM | {"options": ["3", 4]}, "for its options"),
        ("problems", PROBLEM | {"kind": "zzz"}, "has 'zzz' for its kind"),
        ("responses", RESPONSE | {"problem": "b"}, "no problem 'b'"),
    ],
)
def test_a_damaged_row_is_one_line(tmp_path: Path, file: str, row: dict[str, object], message: str) -> None:
    rows = {"problems": PROBLEM, "responses": RESPONSE} | {file: row}
    for name, content in rows.items():
        (tmp_path / f"{name}.jsonl").write_text(dump(content))
    with pytest.raises(UserError) as error:
        rescore(RunDir(tmp_path), ("ampo",), lambda _: None, quiet=True)
    assert message in str(error.value)


def test_judging_again_mends_what_it_writes_and_needs_responses(tmp_path: Path) -> None:
    run, said = RunDir(tmp_path), []
    run.problems.write_text(dump(PROBLEM))
    run.responses.write_text("")
    with pytest.raises(UserError, match="has no responses yet"):
        rescore(run, ("ampo",), said.append, quiet=True)
    run.responses.write_text(dump(RESPONSE))
    run.verdicts.write_text('{"id": "a#0"}\n')
    run.metrics.write_text("{}")
    with pytest.raises(UserError, match="is damaged"):
        run.read_metrics()
    assert rescore(run, ("ampo",), said.append, quiet=True) == run.read_metrics()
    assert "written anew" in said[-1]
    assert len(run.read_verdicts()) == 1
