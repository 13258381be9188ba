"""`ampo verify`: one answer, and tables as a stream that resumes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from ampo.__main__ import main
from ampo.verify import shared_pool

ROWS: list[dict[str, Any]] = [
    {"answer": "1/2", "completion": r"so \boxed{0.5}", "n": "a"},
    {"answer": 7, "completion": r"so \boxed{8}", "n": "b"},
    {"answer": "B", "completion": [{"role": "assistant", "content": "<answer>B</answer>"}], "n": "c"},
    {"answer": "x^2", "completion": None, "n": "d"},
    {"answer": r"\sqrt{2}", "completion": r"<answer>2^{1/2}</answer>", "n": "e"},
]
COLUMNS = ("--gold-column", "answer", "--response-column", "completion", "--id-column", "n", "--workers", "1")
OUTCOMES = ["correct", "wrong", "correct", "no_answer", "correct"]


class Done(NamedTuple):
    stdout: str
    stderr: str


class Ampo(Protocol):
    def __call__(self, *arguments: str, stdin: str = "", code: int = 0) -> Done: ...


@pytest.fixture
def ampo(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ampo:
    """The command line, in this process and with its pool: a worker takes seconds to start."""
    monkeypatch.setattr("ampo.verify.VerifierPool", lambda *_: nullcontext(shared_pool()))

    def run(*arguments: str, stdin: str = "", code: int = 0) -> Done:
        monkeypatch.setattr(sys, "argv", ["ampo", "verify", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
        read = capfd.readouterr()
        done = Done(read.out, read.err)
        assert (ended.value.code or 0) == code, done
        return done

    return run


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "out.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return file


def test_one_answer_shows_what_was_found_and_by_which_rules(ampo: Ampo) -> None:
    done = ampo("--gold", "1/2", "--response", r"so \boxed{0.5}", "--protocol", "ampo", "--protocol", "official")
    assert done.stdout.splitlines()[:3] == ["ampo: correct", "  found '0.5'", "  by    box; exact numbers"]
    assert "official: correct" in done.stdout


def test_a_stream_of_both_protocols_keeps_the_order(ampo: Ampo, table: Path) -> None:
    done = ampo("-", *COLUMNS, "--protocol", "ampo", "--protocol", "official", stdin=table.read_text())
    judged = lines(done.stdout)
    assert [(line["row"], line["id"], line["protocol"]) for line in judged] == [
        (number, row["n"], protocol) for number, row in enumerate(ROWS) for protocol in ("ampo", "official")
    ]
    assert [line["outcome"] for line in judged[::2]] == OUTCOMES
    assert "ampo: 60.0 % correct (correct 3, wrong 1, no_answer 1)" in done.stderr


def test_an_output_that_was_cut_off_anywhere_is_completed(ampo: Ampo, table: Path, tmp_path: Path) -> None:
    output = tmp_path / "verdicts.jsonl"
    ampo(str(table), *COLUMNS, "-o", str(output))
    whole = output.read_bytes()
    first = whole.index(b"\n") + 1
    output.write_bytes(whole[: first + 9])
    done = ampo(str(table), *COLUMNS, "-o", str(output))
    assert output.read_bytes()[:first] == whole[:first]
    assert [line["outcome"] for line in lines(output.read_text())] == OUTCOMES
    assert "dropped a torn last line" in done.stderr
    assert "3 judged" not in done.stderr
    assert "60.0 % correct" in done.stderr


def test_another_table_is_not_mixed_into_an_output(ampo: Ampo, table: Path, tmp_path: Path) -> None:
    output = tmp_path / "verdicts.jsonl"
    ampo(str(table), *COLUMNS, "-o", str(output))
    before = output.read_bytes()
    table.write_text(table.read_text().replace("0.5", "0.6"))
    assert "of another table" in ampo(str(table), *COLUMNS, "-o", str(output), code=2).stderr
    assert output.read_bytes() == before


def test_csv_with_long_cells_and_parquet(ampo: Ampo, tmp_path: Path) -> None:
    parquet, pyarrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    rows = [{"gold": "12", "response": "word " * 50_000 + r"\boxed{12}"}, {"gold": "3", "response": r"\boxed{4}"}]
    with (tmp_path / "t.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["gold", "response"])
        writer.writeheader()
        writer.writerows(rows)
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        assert [v["outcome"] for v in lines(ampo(str(tmp_path / name)).stdout)] == ["correct", "wrong"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--gold", "1"), "give a FILE"),
        (("missing.jsonl",), "does not exist"),
        (("-", "--gold-column", "anser"), "standard input:1 has no column 'anser': did you mean answer?"),
        (("-", "--gold-column", "answer"), "no column 'response'"),
        (("-", "--kind", "maths"), "did you mean math?"),
        (("-", "--protocol", "officious"), "did you mean official?"),
        (("-", "--gold", "1"), "one answer's"),
        (("-", "-o", "/dev/null/x"), "cannot write"),
    ],
)
def test_bad_input_is_one_line(ampo: Ampo, arguments: tuple[str, ...], said: str) -> None:
    error = ampo(*arguments, stdin='{"answer": "1"}\n', code=2).stderr.strip()
    assert said in error.splitlines()[-1]


def test_a_broken_row_costs_no_verdict_before_it(ampo: Ampo, table: Path, tmp_path: Path) -> None:
    output = tmp_path / "verdicts.jsonl"
    with table.open("a") as stream:
        stream.write('{"answer": ""\n')
    done = ampo(str(table), *COLUMNS, "-o", str(output), code=2)
    assert f"{table}:6: broken JSON" in done.stderr
    assert [line["outcome"] for line in lines(output.read_text())] == OUTCOMES


def test_it_runs_on_the_light_install() -> None:
    """Nothing that only an extra brings may be imported on the way."""
    script = (
        "import sys\n"
        "for name in ('torch', 'pyarrow', 'datasets', 'transformers', 'fastapi', 'vllm', 'ray', 'lm_eval'):\n"
        "    sys.modules[name] = None\n"
        "from ampo.__main__ import main\n"
        "sys.argv = ['ampo', 'verify', '-']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input='{"gold": "2", "response": "\\\\boxed{2}"}\n',
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "correct"


def test_an_answer_without_a_reference_is_refused_in_a_line(ampo: Ampo) -> None:
    done = ampo("--gold", "", "--response", r"\boxed{1}", code=2)
    assert "there is no reference answer (the gold is '')" in done.stderr
    assert done.stdout == ""
