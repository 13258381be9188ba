"""`make integrations`: each adapter against the real package, in an environment of its own.

    python tests/integrations/real/run_tools.py [--folder build/integrations] [NAME...]

An environment is made once and kept in the folder. Packages that run beside ours (lm-eval, OpenRLHF, evaluate) are in
the test command instead.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent

# Versions as they were when the adapters were written: newer ones may want another form. lighteval loads its tasks with
# one old version of latex2sympy2-extended alone, which one old version of Math-Verify goes with (ours needs neither for
# protocol ampo).
TOOLS: dict[str, tuple[str | None, list[str]]] = {
    "math-verify": ("math_verify_suite.py", ["pytest", "pip", "hatchling", "setuptools"]),
    "trl": ("trl_grpo.py", ["trl==1.16.0", "torch>=2.11"]),
    "verl": ("verl_rewards.py", ["verl==0.9.1", "torch>=2.11", "fastapi", "uvicorn"]),
    "verifiers": ("verifiers_rubric.py", ["verifiers==0.4.0"]),
    "inspect": ("inspect_scorer.py", ["inspect-ai==0.3.285"]),
    "ray": ("ray_serve.py", ["ray[serve]==2.55.0", "protobuf<7"]),
    # These two for the comparison of verifiers alone (perf/verifier_bench).
    "latex2sympy2": (None, ["latex2sympy2==1.9.1"]),
    "lm-eval": (None, ["lm-eval[math]==0.4.13", "torch>=2.11"]),
    "lighteval": ("lighteval_metric.py", ["lighteval[math]==0.13.0", "torch>=2.11", "xxhash==3.5.0"]),
}
OVERRIDES = {"lighteval": ["latex2sympy2-extended==1.0.6", "math-verify==0.5.2"]}


def pinned(tool: str) -> str:
    """The version of the package that a tool is."""
    return TOOLS[tool][1][0].partition("==")[2]


def environment(folder: Path, packages: list[str], bare: bool = False) -> Path:
    """The Python of an environment with these packages and, unless it is to be bare, ours (the light install)."""
    python = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
        overrides = folder / "overrides.txt"
        overrides.write_text("".join(f"{line}\n" for line in OVERRIDES.get(folder.name, [])))
        command = [*uv, "pip", "install", "--quiet", "--python", str(python), "--overrides", str(overrides)]
        command += ["--overrides", str(ROOT / "requirements" / "cpu-overrides.txt"), *_torch()]
        ours = [] if bare else ["-e", str(ROOT)]
        subprocess.run([*command, *ours, *packages], check=True)
        (folder / ".ready").touch()
    return python


def _torch() -> list[str]:
    """A CPU build: found through find-links where those hold one, else where uv knows it to be."""
    links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS") or ""
    here = any(Path(link).is_dir() and any(Path(link).glob("torch-*")) for link in links.split())
    return [] if here else ["--torch-backend", "cpu"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *TOOLS], default=[])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "integrations")
    given = parser.parse_args()
    failed = []
    for name in given.names or TOOLS:
        script, packages = TOOLS[name]
        if script is None:
            continue
        print(f"== {name}: {', '.join(packages)}", flush=True)
        start = time.monotonic()
        python = environment(given.folder.resolve() / name, packages)
        done = subprocess.run(
            [python, HERE / script], env=os.environ | {"TQDM_DISABLE": "1", "PYTHONWARNINGS": "ignore"}
        )
        print(
            f"{name}: {'passed' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - start:.0f} s)", flush=True
        )
        failed += [name] if done.returncode else []
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
