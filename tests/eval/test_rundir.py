from __future__ import annotations

from pathlib import Path

import pytest

from ampo.errors import UserError
from ampo.eval.resume import check_config
from ampo.eval.rundir import RunDir
from ampo.eval.score import rescore
from ampo.files import dump, write
from ampo.types import Problem


def test_another_configuration_is_refused_with_the_difference(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    config = {"model": {"name": "m", "revision": None}, "sampling": {"temperature": 0.6}, "seed": 0}
    run.write_config(config)
    check_config(run, config)
    with pytest.raises(UserError) as error:
        check_config(run, config | {"sampling": {"temperature": 0.7, "top_k": 5}})
    assert "sampling.temperature was 0.6, is now 0.7" in str(error.value)
    assert "sampling.top_k was unset, is now 5" in str(error.value)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with RunDir(tmp_path).locked(), pytest.raises(UserError, match="another process"), RunDir(tmp_path).locked():
        pass


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write to"), RunDir(tmp_path / "file" / "run").locked():
        pass


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


def test_records_are_read_where_they_stand(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    lines = [dump(RESPONSE), "\n", dump(RESPONSE | {"id": "a#1", "sample": 1}), dump(RESPONSE | {"text": "later"})]
    run.responses.write_text("".join(lines) + '{"id": "torn')
    found = run.read_responses()
    write(run.responses, "")  # another file takes its place
    assert list(found) == ["a#0", "a#1"]
    assert "a#1" in found
    assert "a#2" not in found
    assert [found[key].text for key in found] == ["later", RESPONSE["text"]]
    assert found.get("a#2") is None


def test_the_page_reads_a_run(tmp_path: Path) -> None:
    from ampo.cli.lent import read_run

    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    run.write_problems([Problem("a", "1 + 1?", "2", "p")])
    run.write_config({"model": {"name": "m"}})
    run.responses.write_text(dump(RESPONSE))
    rescore(run, ("ampo", "official"), lambda _: None, quiet=True)
    [row] = read_run(tmp_path, "run").rows
    assert [verdict.protocol for verdict in row.verdicts] == ["ampo", "official"]
