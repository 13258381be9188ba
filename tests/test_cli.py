"""The command line as a user meets it: exit codes and one-line errors."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from ampo import prompts
from ampo.__main__ import main
from ampo.cli.flags import DataFlags, ModelFlags, RunFlags, SamplingFlags
from ampo.cli.options import TemplateName, given_sampling

ROOT = Path(__file__).parent.parent
PROBLEM = '{"id": "a", "question": "1+1?", "answer": "2"}\n'


def run_ampo(*arguments: str, cwd: Path | None = None, timeout: float = 300, **environment: str):
    """The command line in a process of its own; returns it with its output."""
    return subprocess.run(
        [sys.executable, "-m", "ampo", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd or ROOT,
        timeout=timeout,
        env=os.environ | environment,
    )


def refused(*arguments: str, **options: Any) -> str:
    """The one line of a command that is refused."""
    done = run_ampo(*arguments, **options)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


HEAVY = (
    "torch",
    "vllm",
    "transformers",
    "ray",
    "gradio",
    "datasets",
    "openai",
    "pydantic",
    "plotly",
    "scipy",
    "sympy",
    "numpy",
)


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['ampo', '--help']\n"
        "from ampo.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("chat", "generate", "serve", "eval", "score", "report", "doctor"):
        assert command in done.stdout


def test_a_run_begins_without_the_library_of_its_intervals() -> None:
    script = "import sys, ampo.eval.run, ampo.eval.compared; print([m for m in ('scipy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines() == ["[]"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eval", "--suite", "dmo"], "demo"),
        (["app", "--runs", "nowhere"], "--runs nowhere: no such folder"),
        (["app", "--judge", "no-such-model"], "unknown model 'no-such-model'"),
        (["eval", "--limit", "0"], "--limit 0: it must be at least 1"),
        (["eval", "--model", "no-such-model"], "unknown model 'no-such-model'"),
        (["eval", "--protocol", "offcial"], "official"),
        (["eval", "--template", "ampoo"], "did you mean ampo"),
        (["eval", "--temperature", "-1"], "temperature is -1.0"),
        (["eval", "--backend", "vlm"], "did you mean vllm"),
        (["generate", "hi", "--backend", "vllm", "--base-url", "http://127.0.0.1:9/v1"], "is not asked by the backend"),
        (["generate", "hi", "--base-url", "http://127.0.0.1:9/v1"], "cannot reach http://127.0.0.1:9/v1"),
        (["generate", "hi", "--engine-arg", "block_size"], "write it as NAME=VALUE"),
        (["generate", ""], "the question is empty"),
        (["eval", "--mean-tokens", "900"], "--mean-tokens is for an estimate: give --dry-run, too"),
        (["score", "no-such-run"], "is no run directory"),
        (["serve", "some/model"], "what is 'some/model'? A model is given by --model"),
        (["report", "no-such-run"], "is no run directory"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    assert message in refused(*arguments, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eval", "--sute", "demo"], "--suite"),
        (["evl"], "No such command 'evl'. Did you mean 'eval'"),
        (["eval", "--samples", "0"], "--samples"),
        (["eval", "--seed", "-1"], "--seed"),
        (["score"], "Missing argument 'RUN'"),
        (["pool", "biuld"], "Did you mean 'build'"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_one_line(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ampo", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    [line] = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert line.startswith("error: ")
    assert message in line


@pytest.mark.parametrize(
    ("words", "offered"),
    [("ampo sc", "score"), ("ampo eval --suite mat", "math500"), ("ampo eval --backend tr", "transformers")],
)
def test_the_shell_completes_commands_and_names(
    words: str, offered: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ampo"])
    monkeypatch.setenv("_AMPO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert offered in capsys.readouterr().out.split()


def test_flags_may_have_underscores(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["ampo", "eval", "--max_model_len", "0"])
    with pytest.raises(SystemExit):
        main()
    assert "max-model-len" in capsys.readouterr().err


def test_each_field_of_a_group_is_a_flag_of_its_own() -> None:
    flags = {flag for group in (ModelFlags, SamplingFlags, DataFlags, RunFlags) for flag in fields_of(group)}
    options = {option for parameter in command("eval").params for option in parameter.opts}
    assert {f"--{name.replace('_', '-')}" for name in flags} <= options


def fields_of(group: type) -> list[str]:
    return [field.name for field in fields(group)]


def command(name: str) -> Any:
    from typer.main import get_command

    from ampo.cli import app

    group: Any = get_command(app)
    return group.commands[name]


def test_help_names_every_template() -> None:
    assert all(name in get_args(TemplateName)[1].help for name in prompts._templates(None))


def test_sampling_flags_have_vllms_names() -> None:
    given = {"presence_penalty": 0.5, "frequency_penalty": None, "stop": ["\n\n"], "n": 3, "seed": 7, "model": "m"}
    assert given_sampling(given) == {"presence_penalty": 0.5, "seed": 7, "stop": ["\n\n"]}
    assert given_sampling({"stop": []}) == {}


def test_a_folder_without_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert "no weights" in refused("generate", "hi", "--model", str(tmp_path))


def test_an_unknown_key_in_a_template_file(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text("[mine]\nuser = '{question}'\nsytem = 'x'\n")
    assert "did you mean system" in refused("eval", "--template", str(tmp_path / "t.toml"))


def test_an_unknown_key_in_a_benchmark_file(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text(PROBLEM)
    (tmp_path / "mine.toml").write_text('name = "mine"\ndataset = "data.jsonl"\nsampls = 4\n')
    assert "samples" in refused("eval", "--suite", str(tmp_path / "mine.toml"))


def test_a_broken_line_in_a_data_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text(PROBLEM + "{broken\n")
    (tmp_path / "mine.toml").write_text('name = "mine"\ndataset = "data.jsonl"\n')
    assert "data.jsonl:2" in refused("eval", "--suite", str(tmp_path / "mine.toml"))


def test_no_permission_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "choose another folder" in refused("eval", "--output-dir", str(tmp_path / "file" / "run"))


def test_an_unreachable_hub(tmp_path: Path) -> None:
    line = refused("eval", "--suite", "aime24", cwd=tmp_path, HF_HUB_OFFLINE="1", AMPO_DATA_DIR="")
    assert "--data-dir" in line


def test_catalogue() -> None:
    done = run_ampo("eval", "--list")
    assert done.returncode == 0
    for name in ("demo", "aime24", "mmlu_pro", "gpqa_diamond"):
        assert name in done.stdout


def test_the_catalogue_of_what_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('dataset = "rows.jsonl"\nsamples = 3\n')
    done = run_ampo("eval", "--list", "--suite", f"{tmp_path}/mine.toml,aime24")
    assert done.returncode == 0
    assert "mine" in done.stdout
    assert "aime24" in done.stdout
    assert "mmlu_pro" not in done.stdout
    assert "suite" not in done.stdout
    assert "unknown suite" in refused("eval", "--list", "--suite", "dmeo")


def test_score_of_a_broken_file_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "problems.jsonl").write_text("{}\n")
    (tmp_path / "responses.jsonl").write_text('{"id": 1}\n{broken}\n{"id": 2}\n')
    assert "jsonl:" in refused("score", str(tmp_path))


def test_audit_finds_a_broken_reference_answer(tmp_path: Path) -> None:
    rows = [{"id": "a", "question": "?", "answer": "4.5e33"}, {"id": "b", "question": "?", "answer": r"\frac{1}{2"}]
    rows += [{"id": "c", "question": "?", "answer": " "}, {"id": "d", "question": "?", "answer": None}]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run_ampo("audit", "--data", str(tmp_path / "mine.jsonl"))
    assert done.returncode == 0, done.stderr
    assert "mine/b" in done.stdout
    assert done.stdout.count("there is no reference answer") == 2
    assert "4 reference answers of mine" in done.stdout


def test_columns_need_a_file() -> None:
    assert "--data" in refused("eval", "--question-column", "q")


def test_doctor() -> None:
    done = run_ampo("doctor")
    assert done.returncode == 0
    assert "math-verify" in done.stdout


@pytest.mark.slow
def test_chat_over_a_pipe(server: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ampo", "chat", "--base-url", server, "--temperature", "0", "--max-tokens", "40"],
        input="What is 7 + 5?\n/reset\n/nonsense\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "7" in done.stdout
    assert "tokens/s" in done.stdout
    assert "unknown command /nonsense" in done.stdout


@pytest.mark.slow
def test_generate_as_json(server: str) -> None:
    done = run_ampo("generate", "What is 7 + 5?", "--base-url", server, "--json", "--n", "2", "--max-tokens", "8")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(row["sample"] for row in rows) == [0, 1]
    assert all(row["completion_tokens"] <= 8 for row in rows)


@pytest.mark.slow
def test_interrupted_run_says_how_to_go_on(server: str, tmp_path: Path) -> None:
    import signal

    command = [sys.executable, "-m", "ampo", "eval", "--base-url", server, "--output-dir", str(tmp_path / "run")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    responses = tmp_path / "run" / "responses.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (responses.exists() and responses.stat().st_size):
        time.sleep(0.05)
    try:
        assert responses.exists()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "the same command goes on" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("number", "said"), [(errno.EROFS, "Read-only file system"), (errno.EMFILE, "Too many open files")]
)
def test_what_the_machine_refuses_is_one_line(
    number: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number), "/somewhere/file")

    monkeypatch.setattr(sys, "argv", ["ampo", "audit"])
    monkeypatch.setattr("ampo.eval.report.show_audit", refuse)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"error: {said}: /somewhere/file"
