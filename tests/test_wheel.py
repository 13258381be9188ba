"""The wheel in a clean environment: what the light install must do without torch."""

from __future__ import annotations

import json
import os
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


@pytest.fixture(scope="module")
def ampo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `ampo` script of a clean environment that has the wheel and what it needs, and nothing else."""
    if not UV.exists():
        pytest.skip("uv is not in this environment (make puts it there)")
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--out-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    uv("venv", "--python", sys.executable, str(folder / "venv"))
    uv("pip", "install", "--python", str(folder / "venv/bin/python"), str(wheel))
    return folder / "venv/bin/ampo"


def call(ampo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ampo, *arguments], capture_output=True, text=True, cwd=ampo.parent, timeout=120)


@pytest.mark.slow
def test_light_install(ampo: Path, tmp_path: Path) -> None:
    python = ampo.with_name("python")
    heavy = "import importlib.util as u; print([m for m in ('torch', 'vllm', 'transformers') if u.find_spec(m)])"
    assert subprocess.run([python, "-c", heavy], capture_output=True, text=True).stdout.strip() == "[]"
    assert "score" in call(ampo, "--help").stdout
    run = tmp_path / "run"
    run.mkdir()
    problem = {"id": "s/0", "question": "2+2?", "answer": "4", "benchmark": "s", "options": [], "kind": "auto"}
    (run / "problems.jsonl").write_text(json.dumps(problem) + "\n")
    common = {"seed": None, "finish_reason": "stop", "prompt_tokens": 1, "completion_tokens": 1, "seconds": 0.1}
    rows = [json.dumps(row | common | {"first_token_seconds": None}) + "\n" for row in RESPONSES]
    (run / "responses.jsonl").write_text("".join(rows))
    scored = call(ampo, "score", str(run), "--protocol", "ampo", "--protocol", "official")
    assert scored.returncode == 0, scored.stderr
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["benchmarks"]["s"]["avg_at_k"] == pytest.approx(2 / 3)
    assert metrics["protocols"]["official"]["benchmarks"]["s"]["avg_at_k"] == pytest.approx(2 / 3)
    reported = call(ampo, "report", str(run), "--html")
    assert reported.returncode == 0, reported.stderr
    assert 'id="katex"' in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_missing_extra_is_one_line(ampo: Path) -> None:
    asked = call(ampo, "generate", "hi")
    assert asked.returncode == 2
    assert asked.stderr.strip().splitlines()[-1].startswith("error:")
    assert "pip install 'ampo[vllm] @ file:///" in asked.stderr
    assert "Traceback" not in asked.stderr
    assert call(ampo, "doctor").returncode == 0
