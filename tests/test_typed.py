"""`py.typed` holds: a user's script against the public API is checked by pyright, its types known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ampo

SCRIPT = """
from pathlib import Path

import ampo
from ampo.algorithm import group_advantages, load_preset, mixed_policy_loss, plan_replacement
from ampo.guidance import GuidancePool, comprehension_scores, select_guidance
from ampo.verify import VerifierPool, verify

run = ampo.evaluate("smollm2-135m", [{"question": "6 * 7?", "answer": 42}], samples=2, temperature=0.6)
score: float = run.metrics["data"].avg_at_k
low, high = run.metrics["data"].ci95
where: Path = run.path
texts: list[str] = [response.text for response in run.responses[:2]]
again: ampo.Run = ampo.score(run, protocols=("ampo", "official"))
difference: float = ampo.compare(run, again).overall.difference
page: Path = ampo.report(run, html=True)
table: str = ampo.report(run, format="md")
trained: ampo.TrainingRun = ampo.train("my.toml", steps=10)
with ampo.load_engine(trained.model) as engine:
    answer: str = engine.chat("6 * 7?", ampo.SamplingParams(max_tokens=8)).answer
verdict: ampo.Verdict = verify("42", answer)
gamma: float = load_preset("ampo").gamma
reveal_type(run.to_pandas())
wrong: int = run.metrics["data"].avg_at_k
"""


@pytest.mark.slow
def test_a_users_script_is_checked(tmp_path: Path) -> None:
    package = Path(ampo.__file__).parent
    assert (package / "py.typed").exists()
    (tmp_path / "script.py").write_text(SCRIPT)
    # An editable install is found by an import hook, which pyright can't follow; a wheel's is found without this.
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(package.parent)]}))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "script.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    if "No module named pyright" in done.stderr:
        pytest.skip("pyright is not installed (extra `dev`)")
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert [(one["severity"], one["rule"]) for one in found if "rule" in one] == [("error", "reportAssignmentType")], (
        found
    )
    assert '"avg_at_k"' in found[-1]["message"] or '"float"' in found[-1]["message"]
    assert any('"DataFrame"' in one["message"] for one in found)
