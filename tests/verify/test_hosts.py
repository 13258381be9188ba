"""The verifier where its users run it: inside a Ray task, behind a Gradio page, under pytest-xdist.

Each of them calls from a thread or process of its own, in which signals don't work; and in each an item without end
must pass its deadline while the others go on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ampo.verify import Claim, VerifierPool, verify

EXPECTED = ["correct", "timeout", "wrong"]


def judged() -> tuple[list[str], list[int]]:
    """The outcomes of a right claim, one without end and a wrong one; and the workers' process ids."""
    claims = [
        Claim("x+y", r"\boxed{y+x}"),
        Claim("5", r"\boxed{9^{9^{9^{9}}}}", protocol="official"),
        Claim("x+y", r"\boxed{y-x}"),
    ]
    with VerifierPool(1, timeout=0.5) as pool:
        futures = [pool.submit(claim) for claim in claims]
        first = pool.pids
        return [future.result(60).outcome for future in futures], [*first, *pool.pids]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.slow
def test_in_a_ray_task():
    """A Ray worker runs tasks in a process that it may reuse: the verifier's own workers must not outlive the host."""
    ray = pytest.importorskip("ray", reason="ray is not installed (extra `openrlhf`)")
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the worker can't import a test module
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)

    def task() -> tuple[list[str], list[int], str]:
        from ampo.verify import shared_pool

        outcomes, pids = judged()
        said = verify("x+y", r"\boxed{y+x}").outcome
        return outcomes, [*pids, *shared_pool().pids], said  # the shared pool is never closed

    try:
        outcomes, pids, said = ray.get(ray.remote(task).remote(), timeout=90)
    finally:
        ray.shutdown()
    assert (outcomes, said) == (EXPECTED, "correct")
    end = time.monotonic() + 10
    while not all(map(gone, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert all(map(gone, pids))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*deprecated")  # Gradio's own, about pandas
def test_behind_a_gradio_page():
    """Handlers run in threads of the page's own, several at once, and share the process's pool."""
    gr = pytest.importorskip("gradio", reason="gradio is not installed (extra `app`)")
    client = pytest.importorskip("gradio_client")

    def check(gold: str, response: str) -> str:
        return verify(gold, response).outcome

    def check_all() -> str:
        return json.dumps(judged()[0])

    with gr.Blocks() as page:
        gold, response, said = gr.Textbox(), gr.Textbox(), gr.Textbox()
        gr.Button().click(check, [gold, response], said, api_name="check", concurrency_limit=4)
        gr.Button().click(check_all, None, said, api_name="check_all")
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, inbrowser=False, share=False)
    try:
        caller = client.Client(url, verbose=False, analytics_enabled=False)
        slow = caller.submit(api_name="/check_all")
        answers = [f"y+{n}*x" for n in range(8)]
        with ThreadPoolExecutor(4) as threads:
            quick = list(threads.map(lambda a: caller.predict("x+y", rf"\boxed{{{a}}}", api_name="/check"), answers))
        assert quick == ["wrong", "correct", *["wrong"] * 6]
        assert json.loads(slow.result(60)) == EXPECTED
    finally:
        page.close()


IN_PARALLEL = """
import os
import pytest
from test_hosts import EXPECTED, judged
from ampo.verify import verify

@pytest.mark.parametrize("n", range(2))
def test_both(n):
    assert os.environ["PYTEST_XDIST_WORKER"] in ("gw0", "gw1")
    assert verify("x+y", rf"\\boxed{{y+{n}x}}").correct == (n == 1)
    assert judged()[0] == EXPECTED
"""


def test_under_xdist(tmp_path):
    """Two test processes at once, the default pool and one of their own in each; the session ends by itself."""
    pytest.importorskip("xdist", reason="pytest-xdist is not installed (extra `dev`)")
    (tmp_path / "test_both.py").write_text(IN_PARALLEL)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-c", os.devnull, "-p", "no:cacheprovider"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, "test_both.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
