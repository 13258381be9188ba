"""The pool as a mechanism: order, sharing, deadlines, dead workers, closing. Every worker is a real process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError

import pytest

from ampo.errors import UserError
from ampo.verify import Claim, VerifierPool, WorkerStartError, shared_pool, verify
from ampo.verify.crew import crew

HANG = Claim("5", r"\boxed{9^{9^{9^{9}}}}", protocol="official")  # big-integer arithmetic without end
SUM = Claim("x+y", r"\boxed{y+x}")  # takes a worker


def official(number: int, gold: int | None = None) -> Claim:
    return Claim(str(number if gold is None else gold), rf"\boxed{{{number}}}", protocol="official")


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def ready(pool: VerifierPool) -> list[int]:
    pool.verify_many([official(-1)])
    return pool.pids


def test_one_call():
    assert verify("1/2", r"... \boxed{0.5}").outcome == "correct"
    assert verify("x+y", r"... \boxed{y+x}").outcome == "correct"
    assert verify("x+y", r"... \boxed{y-x}").outcome == "wrong"
    assert verify("7", r"\boxed{7}", protocol="official").outcome == "correct"
    assert verify("7", "and so 7", finish_reason="length").outcome == "truncated"
    assert verify("B", "(B)", kind="choice").correct


def test_everybody_without_a_pool_of_his_own_shares_one_whose_workers_come_as_they_are_needed():
    code = """
import ampo.training.openrlhf.reward
from ampo.eval.lm_eval_tasks import task
from ampo.integrations import shared, trl, verl
from ampo.verify import Claim, compat, shared_pool, verify
verify("x+y", "y+x"), verify("x+y", "y-x"), compat.verify("$a+b$", "$b+a$")
assert len(shared_pool().pids) == 1
shared.judge(Claim("x+y", f"y+{n}x") for n in range(40))
reward = ampo.training.openrlhf.reward.reward_func
assert reward(["so <answer>b+a</answer><|im_end|>"], ["so "], ['{"uid": "1", "answer": "a+b"}'])["scores"] == 1.0
print(len(shared_pool().pids), shared_pool().counters.items)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"AMPO_VERIFY_WORKERS": "2"}
    )
    assert done.stdout.split() == ["2", "44"], done


def test_a_pool_that_waits_starts_no_more_workers_than_there_are_claims():
    with VerifierPool(3, eager=False) as pool:
        assert pool.pids == []
        assert pool.verify_many([SUM])[0].correct
        assert len(pool.pids) == 1


def test_a_number_of_workers_that_is_none_is_the_users_error(monkeypatch):
    from ampo.verify.crew import shared

    shared._pool.cache_clear()
    monkeypatch.setenv("AMPO_VERIFY_WORKERS", "many")
    with pytest.raises(UserError, match="AMPO_VERIFY_WORKERS"):
        shared_pool()


def test_a_node_of_many_cores_and_engines_is_not_filled_with_workers(monkeypatch):
    from ampo.verify.crew import shared

    monkeypatch.delenv("AMPO_VERIFY_WORKERS", raising=False)
    monkeypatch.setattr(shared.os, "cpu_count", lambda: 192)
    monkeypatch.setattr(shared, "VerifierPool", lambda workers, eager: workers)
    assert shared._pool.__wrapped__() == 8


def test_verdict_names_the_rule_that_found_the_answer():
    verdict = verify("x+y", r"Thus \boxed{y + x}.")
    assert verdict.extracted == "y + x"
    assert verdict.reason.startswith("box")
    assert verdict.seconds > 0


def test_unknown_protocol_is_the_users_error():
    with pytest.raises(UserError, match="official"):
        verify("1", "1", protocol="oficial")  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"workers": 0}, {"timeout": 0}, {"memory_mb": 0}, {"timeout": float("nan")}])
def test_limits_out_of_range(bad):
    with pytest.raises(UserError, match=next(iter(bad))):
        VerifierPool(**bad)


def test_verdicts_come_in_order(shared_pool):
    claims = [official(n, n + n % 2) for n in range(60)]
    outcomes = [v.outcome for v in shared_pool.verify_many(claims)]
    assert outcomes == ["wrong" if n % 2 else "correct" for n in range(60)]


def test_equal_claims_are_judged_once():
    claims = [Claim("x+y", f"attempt {n}: " + r"\boxed{y+x}") for n in range(40)]
    with VerifierPool(1) as pool:
        assert all(v.correct for v in pool.verify_many(claims))
        assert pool.verify_many([SUM])[0].correct
        counters = pool.counters
    assert (counters.judged, counters.cached, counters.items) == (1, 40, 41)


def test_the_question_and_kind_belong_to_the_claim():
    with VerifierPool(1) as pool:
        pool.verify_many(
            [SUM, Claim("x+y", r"\boxed{y+x}", question="What is the sum?"), Claim("y+x+1", r"\boxed{y+x}")]
        )
        assert pool.counters.judged == 3


def test_a_deadline_costs_one_item_and_one_worker():
    with VerifierPool(1, timeout=1.0) as pool:
        before = ready(pool)
        verdicts = pool.verify_many([official(1), HANG, official(2), official(3, 4)])
        assert [v.outcome for v in verdicts] == ["correct", "timeout", "correct", "wrong"]
        assert "1 s" in verdicts[1].reason
        assert verdicts[1].seconds == 1.0
        assert not alive(before[0])
        counters = pool.counters
    assert (counters.timeouts, counters.retries, counters.restarts) == (1, 0, 1)


def test_deadline_of_a_stopped_worker():
    """Not a busy one: nothing in the worker could have noticed."""
    with VerifierPool(1, timeout=0.5) as pool:
        (pid,) = ready(pool)
        os.kill(pid, signal.SIGSTOP)
        start = time.monotonic()
        assert pool.verify_many([SUM])[0].outcome == "timeout"
        assert time.monotonic() - start < 30  # it would take for ever; a busy machine takes its time
        assert pool.verify_many([SUM])[0].outcome == "correct"  # a time-out is not remembered


def test_start_of_a_worker_is_not_charged_to_the_item():
    with VerifierPool(1, timeout=0.2) as pool:  # importing sympy alone takes longer
        assert pool.verify_many([official(3)])[0].outcome == "correct"


def test_worker_killed_at_work_means_one_retry():
    with VerifierPool(1, timeout=2.0) as pool:
        (pid,) = ready(pool)
        future = pool.submit(HANG)
        rest = [pool.submit(official(n)) for n in range(5)]
        time.sleep(0.5)
        os.kill(pid, signal.SIGKILL)
        assert future.result(30).outcome == "timeout"
        assert [f.result(30).outcome for f in rest] == ["correct"] * 5
        counters = pool.counters
    assert (counters.retries, counters.timeouts, counters.lost) == (1, 1, 0)


def test_item_that_kills_two_workers_is_given_up():
    with VerifierPool(1, timeout=120.0) as pool:
        future = pool.submit(HANG)
        for _ in range(2):
            (pid,) = ready_for_work(pool)
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda pid=pid: pid not in pool.pids)
        verdict = future.result(30)
        assert verdict.outcome == "timeout"
        assert "signal 9" in verdict.reason
        assert pool.verify_many([official(1)])[0].correct
        assert pool.counters.lost == 1


def ready_for_work(pool: VerifierPool) -> list[int]:
    """The pids, once their processes have burnt more than imports take, on a busy machine too: they are at the item."""
    hertz = os.sysconf("SC_CLK_TCK")

    def burnt() -> bool:
        pids = pool.pids
        return bool(pids) and all(sum(map(int, _stat(pid)[11:13])) / hertz > 4.5 for pid in pids)

    wait_for(burnt)
    return pool.pids


def _stat(pid: int) -> list[str]:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()


def test_worker_killed_while_idle_costs_no_item_a_retry():
    with VerifierPool(1) as pool:
        (pid,) = ready(pool)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not alive(pid))
        assert pool.verify_many([SUM])[0].correct
        assert pool.counters.retries == 0
        assert pool.counters.restarts == 1


def test_workers_that_cannot_start_are_one_clear_error():
    start = time.monotonic()
    with VerifierPool(2, memory_mb=20) as pool:
        future = pool.submit(SUM)
        with pytest.raises(WorkerStartError, match="memory 20 MiB"):
            future.result(60)
        with pytest.raises(WorkerStartError):
            pool.submit(official(1))
        assert pool.submit(Claim("4", r"\boxed{4}")).result().correct  # what needs no worker goes on
    assert time.monotonic() - start < 60


def test_interpreter_that_is_gone_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with VerifierPool(1) as pool, pytest.raises(WorkerStartError, match="nonexistent"):
        pool.submit(SUM).result(60)


def test_a_pool_whose_workers_could_not_start_tries_again(monkeypatch):
    """A full memory, say, passes; and the pool has as many workers as before."""
    good = sys.executable
    with VerifierPool(2) as pool:
        for pid in ready(pool):
            monkeypatch.setattr(sys, "executable", "/nonexistent/python")
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(WorkerStartError):
            pool.verify_many([official(number) for number in range(4)])
        wait_for(lambda: pool.failure is not None)
        monkeypatch.setattr(sys, "executable", good)
        with pytest.raises(WorkerStartError):
            pool.submit(SUM)
        monkeypatch.setattr(crew, "_RECOVERY", 0.0)
        assert all(verdict.correct for verdict in pool.verify_many([SUM, *(official(n) for n in range(20))]))
        assert pool.failure is None
        wait_for(lambda: len(pool.pids) == 2)


def test_classes(shared_pool):
    answers = ["x+y", None, "1/2", "y+x", "0.5", "x-y", r"\frac{1}{2}", "x+y"]
    assert shared_pool.classes(answers) == [0, -1, 1, 0, 1, 2, 1, 0]
    assert shared_pool.classes([None, None]) == [-1, -1]
    assert shared_pool.classes([]) == []
    assert shared_pool.classes(["", "1", " ", '{"answer": null}', "1.0"]) == [0, 1, 0, 2, 1]


def test_classes_of_numbers_take_no_worker():
    with VerifierPool(1) as pool:
        assert pool.classes(["12", "18", r"\frac{36}{3}", "1/3", "2/6"]) == [0, 1, 0, 2, 2]
        assert pool.counters.items == pool.counters.quick
        assert pool.classes(["x+1", "1+x"]) == [0, 0]
        assert pool.counters.judged == 1


def test_threads_share_a_pool(shared_pool):
    outcomes: list[str] = []

    def work(start: int) -> None:
        outcomes.extend(v.outcome for v in shared_pool.verify_many([official(n) for n in range(start, start + 10)]))

    threads = [threading.Thread(target=work, args=(1000 + 10 * i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes == ["correct"] * 80


def test_asyncio():
    async def main() -> list[str]:
        with VerifierPool(1, timeout=1.0) as pool:
            futures = [asyncio.wrap_future(pool.submit(c)) for c in (official(1), HANG, SUM)]
            ticks = 0
            while not all(f.done() for f in futures):  # the loop stays free meanwhile
                await asyncio.sleep(0.01)
                ticks += 1
            assert ticks > 50
            return [(await f).outcome for f in futures]

    assert asyncio.run(main()) == ["correct", "timeout", "correct"]


def test_cancelled_before_its_turn():
    with VerifierPool(1, timeout=1.0) as pool:
        hang = pool.submit(HANG)
        time.sleep(0.3)
        waiting = pool.submit(SUM)
        assert waiting.cancel()
        assert hang.result(30).outcome == "timeout"
        assert pool.submit(SUM).result(30).correct


def test_close_cancels_and_leaves_nothing_behind():
    pool = VerifierPool(2, timeout=60)
    pids = ready(pool)
    hang, waiting = pool.submit(HANG), [pool.submit(official(n)) for n in range(3)]
    hangs = [pool.submit(Claim(str(n), HANG.response, "official")) for n in (6, 7)]
    time.sleep(0.5)
    start = time.monotonic()
    pool.close()
    assert time.monotonic() - start < 30  # of the 60 that HANG may take
    for future in (hang, *hangs):
        with pytest.raises(CancelledError):
            future.result(1)
    assert all(future.done() for future in waiting)
    assert not any(map(alive, pids))
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(SUM)
    pool.close()


def test_leaving_the_block_waits_for_what_was_submitted():
    with VerifierPool(1) as pool:
        futures = [pool.submit(official(n)) for n in range(5)]
    assert all(future.done() and future.result().correct for future in futures)


def test_a_forgotten_pool_ends_its_workers():
    pool = VerifierPool(1)
    (pid,) = ready(pool)
    del pool
    wait_for(lambda: not alive(pid))


def test_forked_child_has_workers_of_its_own():
    with VerifierPool(1) as pool:
        (pid,) = ready(pool)
        child = os.fork()
        if child == 0:
            try:
                ok = (
                    pool.verify_many([official(5)])[0].correct
                    and pid not in pool.pids
                    and verify("x+y", r"\boxed{y+x}").correct
                )
                pool.close()
                os._exit(0 if ok else 3)
            finally:
                os._exit(4)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert pool.pids == [pid]
        assert pool.verify_many([SUM])[0].correct


def script(code: str, *, stdin: bool = False, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "dev", "-W", "error", *(["-"] if stdin else ["-c", code])]
    return subprocess.run(
        command, input=code if stdin else None, capture_output=True, text=True, timeout=120, **options
    )


CODE = r'print("main"); from ampo.verify import verify; print(verify("x+y", r"\boxed{y+x}").outcome)'


@pytest.mark.parametrize("stdin", [False, True])
def test_without_a_main_guard(stdin):
    """The user's code runs once, nothing is left open, and the exit is quick and quiet."""
    done = script(CODE, stdin=stdin)
    assert done.stdout.split() == ["main", "correct"]
    assert (done.returncode, done.stderr) == (0, "")


def test_script_beside_a_file_named_like_a_library(tmp_path):
    """A user's own sympy.py in the current folder is no worker's business where it isn't the parent's."""
    (tmp_path / "sympy.py").write_text("raise SystemExit('not that one')")
    script_file = tmp_path / "sub" / "main.py"
    script_file.parent.mkdir()
    script_file.write_text(CODE)
    done = subprocess.run([sys.executable, script_file], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["main", "correct"], done.stderr


def test_light_import():
    done = script(
        "import sys, ampo.verify; print([m for m in ('torch', 'sympy', 'math_verify', 'numpy') if m in sys.modules])"
    )
    assert done.stdout.strip() == "[]"


SLEEPER = f"""
from ampo.verify import VerifierPool, Claim
pool = VerifierPool(2, timeout=100)
pool.verify_many([Claim("1", "\\\\boxed{{1}}", "official")])
futures = [pool.submit(Claim(str(n), {HANG.response!r}, "official")) for n in range(2)]
print(*pool.pids, flush=True)
futures[0].result()
"""


def start_sleeper(**options) -> tuple[subprocess.Popen[str], list[int]]:
    parent = subprocess.Popen(
        [sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    assert all(map(alive, pids))
    return parent, pids


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_parent_killed_leaves_no_worker():
    parent, pids = start_sleeper()
    parent.kill()
    parent.communicate()
    wait_for(lambda: not any(map(alive, pids)), 10)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_ends_the_parent_and_its_workers():
    parent, pids = start_sleeper(start_new_session=True)
    os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, errors = parent.communicate(timeout=20)
    assert parent.returncode == -signal.SIGINT
    assert errors.strip().endswith("KeyboardInterrupt")
    wait_for(lambda: not any(map(alive, pids)), 10)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_processor_limit_ends_an_orphan_at_work():
    """Where there is no parent-death signal: a worker nobody kills ends by itself."""
    from ampo.verify.crew import messages

    ours, theirs = socket.socketpair()
    code = f"from ampo.verify.crew.worker import main; main({theirs.fileno()}, {os.getpid()}, 1.0, 1024)"
    process = subprocess.Popen([sys.executable, "-c", code], pass_fds=[theirs.fileno()], stderr=subprocess.DEVNULL)
    theirs.close()
    with ours:
        assert messages.receive(ours)["ready"] == process.pid
        fields = {"gold": "5", "response": HANG.response, "protocol": "official", "options": []}
        messages.send(ours, [["judge", fields]])
        assert process.wait(60) == -signal.SIGXCPU
