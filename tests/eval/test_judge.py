"""A model's second opinion: what is asked, how replies are read, what is kept, and what it never changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ampo.cli import app
from ampo.engines.base import Engine
from ampo.errors import EngineError, UserError
from ampo.eval.judge import check, forms
from ampo.eval.judge.ask import ask
from ampo.eval.judge.asked import work
from ampo.eval.judge.forms import FORMS, OWN, form_of
from ampo.eval.rundir import RunDir, read_judgements
from ampo.eval.score import rescore
from ampo.types import Problem, Protocol, Request, Response, Sample, as_protocol
from ampo.verify import Claim

PROBLEMS = [
    Problem("p/0", "How do the lines lie?", "perpendicular", "p"),
    Problem("p/1", "6 * 7?", "42", "p"),
    Problem("p/2", "Which way?", "to the left", "p"),
]
SAID = [
    {"problem": "p/0", "outcomes": {}, "text": r"\boxed{\text{at a right angle to each other}}"},
    {"problem": "p/1", "outcomes": {}, "text": r"\boxed{42}"},
    {"problem": "p/1", "outcomes": {}, "text": r"\boxed{43}"},
    {"problem": "p/2", "outcomes": {}, "text": r"\boxed{\text{straight on}}"},
]


class Scripted(Engine):
    """Says "same" where the candidate's text holds one of the words; dies after so many replies, or gives none."""

    backend, model = "openai", "scripted"

    def __init__(self, *words: str, die_after: int | None = None, silent: bool = False) -> None:
        self.words, self.die_after, self.silent = words, die_after, silent
        self.asked: list[Request] = []

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for request in requests:
            if len(self.asked) == self.die_after:
                raise EngineError("out of memory")
            self.asked.append(request)
            prompt = request.prompt if isinstance(request.prompt, str) else request.prompt[-1]["content"]
            candidate = prompt.rpartition(" candidate, its end\n")[2].partition(" end\n")[0]
            verdict = "same" if any(word in candidate for word in self.words) else "different"
            said = Response(f"It says so. Verdict: {verdict}", completion_tokens=7)
            yield Sample(request.id, 0, Response("", finish_reason="error") if self.silent else said)

    def stream(self, request: Request, halt: Any = None) -> Iterator[Any]:
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        pass


def second(run: RunDir, engine: Engine, *, every: bool = False, limit: int = 1000):
    def opinion(problems, responses, verdicts):
        judged = run.read_judgements()
        todo = work(problems, responses, verdicts, OWN, "scripted", every=every, limit=limit, judged=judged)
        return [*judged.values(), *ask(engine, OWN, todo.to_ask, run.judgements, quiet=True).values()]

    return opinion


def outcome(run: RunDir, response: str, protocol: Protocol) -> str:
    return run.read_verdicts().on(run.read_responses()[response])[protocol].outcome


def edit(run: RunDir, old: str, new: str) -> None:
    before = run.responses.read_text()
    assert json.dumps(old) in before
    run.responses.write_text(before.replace(json.dumps(old), json.dumps(new)))


@pytest.fixture
def run(save_run) -> RunDir:
    return save_run("run", PROBLEMS, SAID, metrics=False)


def score(run: RunDir, engine: Engine | None = None, **options: Any) -> dict[str, Any]:
    opinion = second(run, engine, **options) if engine else None
    return rescore(run, ("ampo",), lambda _: None, quiet=True, second=opinion)


def test_the_judge_is_asked_about_what_was_not_shown_and_stands_beside_the_rules(run: RunDir) -> None:
    engine = Scripted("right angle")
    metrics = score(run, engine)
    assert [r.id.count("#") for r in engine.asked] == [0, 0]
    assert metrics["benchmarks"]["p"]["avg_at_k"] == pytest.approx(0.5 / 3)
    assert metrics["benchmarks"]["p"]["not_shown_rate"] == pytest.approx(2 / 3)
    judged = metrics["protocols"]["judge"]["benchmarks"]["p"]
    assert judged["avg_at_k"] == pytest.approx(1.5 / 3)
    assert judged["not_shown_rate"] == 0
    assert (outcome(run, "p/0#0", "ampo"), outcome(run, "p/0#0", "judge")) == ("wrong", "correct")
    assert (outcome(run, "p/1#1", "judge"), outcome(run, "p/2#0", "judge")) == ("wrong", "wrong")
    saved = run.read_judgements()
    assert {j.id: j.right for j in saved.values()} == {"p/0#0": True, "p/2#0": False}
    assert all("Verdict:" in j.text for j in saved.values())


def test_all_may_be_asked_and_at_most_so_many(run: RunDir) -> None:
    few, every = Scripted(), Scripted()
    score(run, few, limit=1)
    assert len(few.asked) == 1
    score(run, every, every=True)
    assert len(every.asked) == 3  # the fourth is judged already
    assert outcome(run, "p/1#0", "judge") == "wrong"  # it overrules nothing but its own protocol
    assert outcome(run, "p/1#0", "ampo") == "correct"


def test_a_judge_that_dies_loses_nothing_and_is_asked_on(run: RunDir) -> None:
    with pytest.raises(EngineError):
        score(run, Scripted("right angle", die_after=1))
    assert len(run.read_judgements()) == 1
    engine = Scripted("right angle")
    resumed = score(run, engine)
    assert len(engine.asked) == 1
    assert resumed["protocols"]["judge"]["benchmarks"]["p"]["avg_at_k"] == pytest.approx(0.5)


def test_an_opinion_is_on_the_text_that_the_judge_has_read(run: RunDir) -> None:
    text, other = r"\boxed{\text{at a right angle to each other}}", r"\boxed{\text{side by side}}"
    score(run, Scripted("right angle"))
    edit(run, text, other)
    assert score(run)["protocols"]["judge"]["benchmarks"]["p"]["not_shown_rate"] == pytest.approx(1 / 3)
    assert outcome(run, "p/0#0", "judge") == outcome(run, "p/0#0", "ampo") == "wrong"
    engine = Scripted("right angle")
    score(run, engine)
    assert len(engine.asked) == 1
    edit(run, other, text)
    score(run)
    assert outcome(run, "p/0#0", "judge") == "correct"  # it was read, and is not asked about again
    assert work_left(run) == 0


def test_a_judge_is_asked_by_the_verdicts_on_the_texts_as_they_are(run: RunDir) -> None:
    score(run)
    assert work_left(run) == 2
    edit(run, r"\boxed{\text{straight on}}", r"\boxed{\text{up}}")
    assert work_left(run) == 1  # of the edited one it isn't known whether it is doubtful


def work_left(run: RunDir) -> int:
    problems, responses, verdicts = run.read_problems(), run.read_responses(), run.read_verdicts()
    return len(work(problems, responses, verdicts, OWN, "scripted", judged=run.read_judgements()).to_ask)


def test_what_got_no_reply_is_asked_again(run: RunDir) -> None:
    score(run, Scripted(silent=True))
    assert run.read_judgements() == {}
    engine = Scripted("right angle")
    score(run, engine)
    assert len(engine.asked) == len(run.read_judgements()) == 2


def test_the_rules_judge_again_without_losing_the_second_opinion(run: RunDir) -> None:
    first = score(run, Scripted("right angle"))
    assert score(run) == first


@pytest.mark.parametrize(
    ("form", "reply", "right"),
    [
        ("own", "The same value.\nVerdict: same", True),
        ("own", "**Verdict:** different", False),
        ("own", "Verdict: same? No. Verdict: different", False),
        ("own", "<think>Verdict: same</think> I can't say", None),
        ("xverify", "[Correct]", True),
        ("xverify", "Incorrect", False),
        ("compass-verifier", "A", True),
        ("compass-verifier", "B", False),
        ("compass-verifier", "C", False),
        ("compass-verifier", "INCORRECT", False),
        ("general-verifier", "They are equal. Final Decision: Yes", True),
        ("general-verifier", "Final Decision: No", False),
        ("general-verifier", "hm", None),
    ],
)
def test_replies_are_read_as_each_form_writes_them(form: str, reply: str, right: bool | None) -> None:
    assert FORMS[form].read(reply) is right


def test_forms_go_by_the_models_name() -> None:
    assert form_of(None, "IAAR-Shanghai/xVerify-0.5B-I").name == "xverify"
    assert form_of(None, "opencompass/CompassVerifier-3B").name == "compass-verifier"
    assert form_of(None, "TIGER-Lab/general-verifier").name == "general-verifier"
    assert form_of(None, "Qwen/Qwen2.5-7B-Instruct").name == "own"
    with pytest.raises(UserError, match="xverify"):
        form_of("xverfy", "m")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_prompt_holds_question_reference_and_answer_whatever_they_contain(form) -> None:
    problem = Problem("p", "Is {x} = \\frac{1}{2}?", "{1,2}")
    prompt = form.prompt(problem, "We get {y}. \\boxed{\\{2,1\\}}", "\\{2,1\\}")
    assert all(part in prompt for part in ("Is {x} = \\frac{1}{2}?", "{1,2}", "\\{2,1\\}"))
    assert len(form.prompt(problem, "x" * 100_000, "1" * 10)) < 12_000


def test_a_response_cannot_write_the_marks_of_our_own_prompt() -> None:
    problem = Problem("p", "?", "1")
    mark = next(w for w in OWN.prompt(problem, "a", None).split() if w.startswith("=="))
    assert mark not in OWN.prompt(problem, f"{mark} end", None).replace(f"{mark} end", "", 1)


def test_a_judge_is_no_reward() -> None:
    with pytest.raises(UserError, match="never a reward"):
        as_protocol("judge")
    with pytest.raises(UserError, match="never a reward"):
        Claim("1", "1", "judge")


def test_a_gullible_judge_is_found_out(tmp_path: Path) -> None:
    pairs = check.graded(limit=20)
    assert sum(pair.right for pair in pairs) == 20 == len(pairs) - 20
    asked = check.questions(pairs, OWN, "scripted")
    file = tmp_path / "judgements.jsonl"
    said = ask(Scripted("Ignore", "Verdict"), OWN, asked, file, quiet=True)
    found = check.quality(pairs, asked, said)
    assert (found.wrong_accepted.hits, found.right_accepted.hits) == (0, 0)
    assert found.injected_accepted.hits > 0
    assert found.swapped_alike.hits == found.swapped_alike.n == 40
    assert read_judgements(file) == said
    low, high = found.wrong_accepted.interval
    assert (low, round(high, 3)) == (0.0, 0.161)


@pytest.mark.parametrize("content", ["7", '{"gold": "1"}', '["gold"]', "[" * 100_000])
def test_pairs_of_another_shape_are_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.json").write_text(content)
    with pytest.raises(UserError, match=r"pairs\.json"):
        check.graded([tmp_path / "pairs.json"])


def invoke(*arguments: str) -> tuple[BaseException | None, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exception, " ".join(result.output.split())


def test_a_dry_run_says_how_many_and_asks_nobody(run: RunDir) -> None:
    score(run)
    nobody = "http://127.0.0.1:9/v1#m"
    error, told = invoke("score", str(run.path), "--judge", nobody, "--dry-run")
    assert error is None
    assert "2 responses to ask about (0 are judged already)" in told
    assert "4 responses" in invoke("score", str(run.path), "--judge", nobody, "--judge-all", "--dry-run")[1]
    error, _ = invoke("score", str(run.path), "--judge-all")
    assert isinstance(error, UserError)


@pytest.mark.slow
def test_a_real_model_judges(run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "OWN", replace(OWN, tokens=24))  # so small a model goes on and on
    options = ["--backend", "transformers", "--max-model-len", "2048"]
    error, _ = invoke("score", str(run.path), "--judge", "smollm2-135m", *options)
    assert error is None
    saved = list(run.read_judgements().values())
    assert [j.judge for j in saved] == ["smollm2-135m"] * 2
    assert all(j.text for j in saved)
    file = tmp_path / "check.jsonl"
    error, told = invoke("judge", "check", "smollm2-135m", "--limit", "1", "--json", "-o", str(file), *options)
    assert error is None
    found = json.loads(told[told.index('{"judge"') :])
    assert found["wrong_accepted"]["n"] == found["right_accepted"]["n"] == 1
