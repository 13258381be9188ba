"""Wheel, sdist and editable install, each in a clean environment, called from a folder full of a user's own names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).with_name("uv")

RESPONSES = [
    {"id": "s/0#0", "problem": "s/0", "sample": 0, "text": "It is <answer>4</answer>"},
    {"id": "s/0#1", "problem": "s/0", "sample": 1, "text": r"\boxed{\frac{8}{2}}"},
    {"id": "s/0#2", "problem": "s/0", "sample": 2, "text": "<answer>5</answer>"},
]


def uv(*arguments: str) -> None:
    environment = os.environ.copy()
    if links := environment.get("PIP_FIND_LINKS"):
        environment.setdefault("UV_FIND_LINKS", links)
    subprocess.run([UV, *arguments], check=True, env=environment, capture_output=True)


MINE = {"eval.py": "MINE = 1", "app.py": "MINE = 2", "evaluation/eval/metric.py": "MINE = 3"}
"""What users call their own files; the last is a namespace package named eval."""


@pytest.fixture(scope="module", params=["wheel", "sdist", "editable"])
def ampo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `ampo` script of a clean environment that has the project, installed in one way, and what it needs."""
    if not UV.exists():
        pytest.skip("uv is not in this environment (make puts it there)")
    folder, form = tmp_path_factory.mktemp(request.param), request.param
    if form == "editable":
        what = ["--editable", str(ROOT)]
    else:
        uv("build", f"--{form}", "--out-dir", str(folder), str(ROOT))
        what = [str(*folder.glob("ampo-*"))]
    uv("venv", "--python", sys.executable, str(folder / "venv"))
    uv("pip", "install", "--python", str(folder / "venv/bin/python"), *what)
    return folder / "venv/bin/ampo"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A user's folder with files that bear the names of our folders."""
    for name, text in MINE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    problem = {"id": "s/0", "question": "2+2?", "answer": "4", "benchmark": "s", "options": [], "kind": "auto"}
    (folder / "problems.jsonl").write_text(json.dumps(problem) + "\n")
    common = {"seed": None, "finish_reason": "stop", "prompt_tokens": 1, "completion_tokens": 1, "seconds": 0.1}
    rows = [json.dumps(row | common | {"first_token_seconds": None}) + "\n" for row in RESPONSES]
    (folder / "responses.jsonl").write_text("".join(rows))
    return folder


def call(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


@pytest.mark.slow
def test_light_install(ampo: Path, theirs: Path, run: Path) -> None:
    python = ampo.with_name("python")
    heavy = "import importlib.util as u; print([m for m in ('torch', 'vllm', 'transformers') if u.find_spec(m)])"
    assert call(python, "-c", heavy, cwd=theirs).stdout.strip() == "[]"
    assert "score" in call(python, "-m", "ampo", "--help", cwd=theirs).stdout  # -m puts the user's folder first
    scored = call(python, "-m", "ampo", "score", run, "--protocol", "ampo", "--protocol", "official", cwd=theirs)
    assert scored.returncode == 0, scored.stderr
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["benchmarks"]["s"]["avg_at_k"] == pytest.approx(2 / 3)
    assert metrics["protocols"]["official"]["benchmarks"]["s"]["avg_at_k"] == pytest.approx(2 / 3)
    reported = call(ampo, "report", run, "--html", cwd=theirs)
    assert reported.returncode == 0, reported.stderr
    assert 'id="katex"' in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_name_of_a_user_is_taken(ampo: Path, theirs: Path) -> None:
    python, anywhere = ampo.with_name("python"), theirs / "run-from-here"
    anywhere.mkdir()
    names = "import importlib.util as u; print([n for n in ('eval', 'app', 'tests', 'perf') if u.find_spec(n)])"
    assert call(python, "-c", names, cwd=anywhere).stdout.strip() == "[]"
    mine = "import ampo.eval.run, ampo.app, eval, app; print(eval.MINE, app.MINE)"
    assert call(python, "-c", mine, cwd=theirs).stdout.strip() == "1 2"
    metric = "import ampo.eval.run, eval.metric; print(eval.metric.MINE, ampo.eval.run.__name__)"
    assert call(python, "-c", metric, cwd=theirs / "evaluation").stdout.strip() == "3 ampo.eval.run"


@pytest.mark.slow
def test_a_missing_extra_is_one_line(ampo: Path, tmp_path: Path) -> None:
    asked = call(ampo, "generate", "hi", cwd=tmp_path)
    assert asked.returncode == 2
    assert asked.stderr.strip().splitlines()[-1].startswith("error:")
    assert re.search(r"pip install (-e '/.*\[vllm\]'|'ampo\[vllm\] @ file:///)", asked.stderr), asked.stderr
    assert "Traceback" not in asked.stderr
    assert call(ampo, "doctor", cwd=tmp_path).returncode == 0
