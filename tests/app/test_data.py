"""Conversations, the shelf, votes, samples and runs as plain data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ampo.app import export, render, votes
from ampo.app.controls import Limits, read
from ampo.app.desk import Run, RunRow, Services
from ampo.app.sample import Draw, difference, figures, samples
from ampo.app.sample import votes as vote_bars
from ampo.conversation import Answer, Conversation, State, Turn, from_dict, from_json
from ampo.engines.settings import EngineSettings
from ampo.errors import UserError
from ampo.types import SamplingParams, Verdict

PARAMS = SamplingParams(temperature=0.6, max_tokens=64, seed=3)


def answer(text: str = "<think>hm</think>It is 9.9", **fields) -> Answer:
    made = {
        "thought": "hm",
        "body": "It is 9.9",
        "model": "m",
        "params": PARAMS,
        "state": "stop",
        "completion_tokens": 7,
    }
    return Answer(text=text, **(made | fields))


TALK = Conversation(turns=(Turn("a?", "be brief", "9.9", "math", answer(verdict=Verdict("correct", "9.9", "x"))),))
OTHER = Conversation(turns=(Turn("a?", "", "9.9", answer=answer("9.11")),))


def test_a_conversation_survives_the_browser() -> None:
    assert from_json(TALK.to_json()) == TALK
    with pytest.raises(UserError):
        from_json("{")


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"id": 1, "started": "", "turns": []}, {"id": "x", "started": "", "turns": [3]},
     {"id": "x", "started": "", "turns": [{"question": "q", "answer": {"params": {"temperature": -1}}}]},
     {"id": "x", "started": "", "turns": [{"question": "q", "answer": {"params": {"temperature": "hot"}}}]}],
)  # fmt: skip
def test_what_is_no_conversation_is_refused(data) -> None:
    with pytest.raises(UserError):
        from_dict(data)


def test_the_next_question_leaves_out_thoughts_and_goes_on_from_words() -> None:
    asked = Conversation(turns=(*TALK.turns, Turn("b?", "be brief")))
    assert [m["content"] for m in asked.messages()] == ["be brief", "a?", "It is 9.9", "b?"]
    assert TALK.messages()[-1] == {"role": "assistant", "content": "<think>hm</think>It is 9.9"}


def test_markdown_export_has_everything() -> None:
    text = export.to_markdown(TALK)
    for part in ("a?", "> be brief", "> hm", "It is 9.9", "Verdict: right", "seed 3"):
        assert part in text


def test_messages_and_turns_correspond() -> None:
    turns = (*TALK.turns, Turn("b?", answer=answer(thought="", body="b")), Turn("c?"))
    messages = render.conversation(turns)
    assert [render.turn_at(turns, i) for i in range(len(messages))] == [0, 0, 0, 0, 1, 1, 1, 2]
    assert messages[1]["metadata"] == {"title": "Thought · 1 word", "status": "done"}


def test_what_stands_in_a_footer_is_escaped() -> None:
    footer = render.footer(answer(state="failed", error="<b>", verdict=Verdict("wrong", "<i>", "<u>")))
    assert not any(tag in footer for tag in ("<b>", "<i>", "<u>"))


def test_votes_are_appended_with_everything(tmp_path: Path, thinker) -> None:
    file = tmp_path / "new" / "votes.jsonl"
    sides = {"a": (thinker, TALK), "b": (thinker, OTHER)}
    for _ in range(2):
        votes.append(file, votes.record("b", sides, ("b", "a"), blind=True))
    first, second = map(json.loads, file.read_text().splitlines())
    assert first["vote"] == second["vote"] == "b"
    assert first["order"] == ["b", "a"]
    assert first["sides"]["a"]["messages"][0] == {"role": "system", "content": "be brief"}
    assert first["sides"]["b"]["sampling"]["seed"] == 3
    assert first["sides"]["a"]["engine"]["model"] == "thinker"
    assert first["sides"]["b"]["answer"]["text"] == "9.11"


def test_votes_that_cannot_be_saved_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be saved"):
        votes.append(tmp_path, {})


def test_bars_and_figures() -> None:
    right, wrong = Verdict("correct", "9.9", ""), Verdict("wrong", "<9.11>", "")
    made = (answer(verdict=right), answer(verdict=wrong), answer(verdict=right), Answer())
    drawn = Draw(TALK.turns[0], made, ("9.9", "<9.11>", "99/10", None), (0, 1, 0, -1))
    bars = vote_bars(drawn)
    assert bars.index("9.9") < bars.index("&lt;9.11&gt;")
    assert "no answer" not in bars  # the one that is missing is still running
    from ampo.eval.stats import pass_at_k

    html = figures(drawn, pass_at_k)
    assert "3 of 4" in html
    assert "<b>67 %</b><span>avg@3</span>" in html
    assert "<b>100 %</b><span>pass@2</span>" in html
    assert "Sample 2 · ✗ wrong · &lt;9.11&gt; · 7 tokens" in samples(drawn)
    assert samples(drawn).count("ampo-of-0") == 2


def test_knobs_are_read_and_bounded() -> None:
    from ampo.app.controls import Limits

    knobs = [0.6, 1.0, 0, 0.0, 9000, 1.0, 0.0, 0.0, "a\nb", "7"]
    params = read(knobs, Limits(max_tokens=100))
    assert (params.max_tokens, params.stop, params.seed) == (100, ("a", "b"), 7)
    with pytest.raises(UserError, match="top_p"):
        read([0.6, 1.5, *knobs[2:]], Limits())
    with pytest.raises(UserError, match="stop must be"):
        read([*knobs[:8], ["a"], "7"], Limits())


def test_figures_that_are_not_whole_are_left_out(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from ampo.cli.lent import _summary

    for metrics in ({}, {"benchmarks": {"d": {"n_problems": 1}}}, {"benchmarks": []}):
        assert _summary(SimpleNamespace(read_metrics=lambda metrics=metrics: metrics)) == []


def test_an_expected_answer_stands_beside_the_verdict() -> None:
    turn = Turn("a?", gold="<12>", answer=answer(verdict=Verdict("wrong", "13", "x")))
    assert "expected <code>&lt;12&gt;</code>" in json.dumps(render.conversation([turn]))


def test_an_opened_sample_is_whole() -> None:
    made = answer(thought="a\n```py\nx", body="b\n```py\ny")
    text = render.whole(made, "")
    assert text.count("```") == 4
    assert "\n```\n\n</details>\n\nb" in text


def test_runs_are_found_and_nothing_outside_them(tmp_path: Path) -> None:
    pytest.importorskip("gradio")
    from ampo.cli.lent import read_run, run_names

    line = {
        "id": "d/1#0",
        "problem": "d/1",
        "sample": 0,
        "seed": 5,
        "text": "<answer>2</answer>",
        "finish_reason": "stop",
    }
    line |= {"prompt_tokens": 1, "completion_tokens": 2, "seconds": 0.1, "first_token_seconds": None}
    problem = {"id": "d/1", "question": "1+1?", "answer": "2", "benchmark": "d", "options": [], "kind": "auto"}
    for folder in ("runs/one", "runs/more/two", "outside"):
        run = tmp_path / folder
        run.mkdir(parents=True)
        (run / "responses.jsonl").write_text(json.dumps(line) + "\n")
        (run / "problems.jsonl").write_text(json.dumps(problem) + "\n")
        (run / "config.toml").write_text('[model]\nname = "m"\n')
    root = tmp_path / "runs"
    assert sorted(run_names(root)) == ["more/two", "one"]
    run = read_run(root, "one")
    assert (run.about, run.rows[0].text, list(run.rows[0].verdicts)) == ("m", "<answer>2</answer>", [])
    (root / "linked").symlink_to(tmp_path / "outside")
    (root / "half").mkdir()
    (root / "half" / "responses.jsonl").symlink_to(tmp_path / "outside" / "responses.jsonl")
    (root / "half" / "problems.jsonl").write_text(json.dumps(problem) + "\n")
    assert sorted(run_names(root)) == ["more/two", "one"]
    for name in ("linked", "half", "../outside", str(tmp_path / "outside"), "one/../../outside", ""):
        with pytest.raises(UserError, match="no run"):
            read_run(root, name)


def test_the_command_refuses_early_and_in_one_line() -> None:
    pytest.importorskip("gradio")
    import socket

    from ampo.app.server import Address
    from ampo.cli.page_address import _logins

    with pytest.raises(UserError, match="USER:PASSWORD"):
        _logins(["ada"])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="give another --port"):
            Address(port=taken.getsockname()[1]).bind()


@pytest.mark.parametrize(
    ("url", "own", "sent"), [("http://b/v1", None, "none"), ("http://b/v1", "k2", "k2"), (None, None, "k1")]
)
def test_a_key_goes_to_the_endpoint_it_was_given_for(monkeypatch, url: str | None, own: str | None, sent: str) -> None:
    from ampo.cli import page_models

    keys: list[str | None] = []

    def start(model, backend, base_url, api_key, *_, **__):
        keys.append(api_key)
        return SimpleNamespace(model=model, close=lambda: None)

    monkeypatch.setattr(page_models, "start_engine", start)
    page_models.PageModelFlags("a", "b", url, own, "auto", "http://a/v1", "k1").start(EngineSettings())
    assert keys == ["k1", sent]


def test_sampling_is_read_as_vllm_names_it() -> None:
    values = [3.0, 1.0, -1, 0.0, 64, 1.0, 0.0, 0.0, "", ""]
    found = read(values, Limits(temperature=3))
    assert (found.temperature, found.top_k) == (3.0, 0)


def test_what_differs_is_marked_and_nothing_acts() -> None:
    shown = difference("the sum is 11", "the <b>sum</b> is *12*")
    assert "<mark>12</mark>" in shown.replace("&#42;", "") or "12" in shown
    assert "<b>" not in shown
    assert "*" not in shown
    assert "<mark>" not in difference("a b", "a b")
    assert "<mark>" in difference("a b", "a c")


def test_samples_are_exported() -> None:
    made = (answer("=1+1", verdict=Verdict("wrong", "2", "x")), answer("9.9"))
    files = {kind: make(TALK.turns[0], made, ("2", "9.9")) for kind, make in export.SAMPLES.items()}
    assert "## Sample 2" in files["Markdown"][1]
    assert [one["found"] for one in json.loads(files["JSON"][1])["samples"]] == ["2", "9.9"]
    assert "'=1+1" in files["CSV"][1]  # no formula to a spreadsheet


def test_strengths_follow_the_votes() -> None:
    from ampo.app.bradleyterry import strengths

    votes = [("a", "b", 1.0)] * 30 + [("b", "c", 1.0)] * 20 + [("c", "b", 1.0)] * 10 + [("a", "c", 0.5)] * 2
    found = strengths(votes)
    assert [one.name for one in found] == ["a", "b", "c"]
    assert (found[0].wins, found[0].ties, found[0].losses) == (30, 2, 0)
    assert all(one.low <= one.elo <= one.high for one in found)
    assert abs(sum(one.elo for one in found)) < 1e-6
    two = strengths([("a", "b", 1.0)] * 750 + [("a", "b", 0.0)] * 250)
    assert two[0].elo - two[1].elo == pytest.approx(400 * 0.4771, rel=0.02)  # odds of three to one
    assert strengths([]) == []
    assert strengths(votes) == found  # the same votes, the same interval


def test_the_scoreboard_reads_what_is_voted(tmp_path: Path, thinker) -> None:
    from ampo.app.scoreboard import Scoreboard, as_csv, read, results

    file = tmp_path / "votes.jsonl"
    sides = {"a": (thinker, TALK), "b": (thinker, OTHER)}
    given: list[tuple[votes.Vote, bool]] = [("a", True), ("b", False), ("neither", True), ("tie", True)]
    for vote, blind in given:
        votes.append(file, votes.record(vote, sides, ("b", "a"), blind=blind))
    with file.open("a") as stream:
        stream.write('{"vote": "a"}\n{"vote": "b", "sides": 3}\n')
    rows = read(file)
    assert len(rows) == 4
    assert [score for *_, score in results(rows, blind_only=True)] == [1.0, 0.5]
    assert len(results(rows, blind_only=False)) == 3
    assert len(as_csv(rows).splitlines()) == 5
    board = Scoreboard(SimpleNamespace(votes=file))  # pyright: ignore[reportArgumentType]
    name, text = board.markdown(blind_only=True)
    assert name == "ampo-votes.md"
    assert "4 votes, 2 of them counted; 1 found both bad." in text
    assert [line.count("|") for line in text.splitlines() if "|" in line] == [6] * 4
    assert read(tmp_path / "none") == []


def test_responses_are_filtered_ordered_and_paged() -> None:
    from ampo.app.browse import PAGE_ROWS, Browser
    from ampo.app.listing import Filter
    from ampo.types import Problem

    rows = [
        RunRow(
            f"d/{i}#0",
            Problem(f"d/{i}", f"What is {i}?", str(i), "d"),
            "sure",
            "length" if i == 3 else "stop",
            1000 - i,
            0.1,
            i,
            [Verdict("wrong", "x", "", shown=i != 5)],
        )
        for i in reversed(range(PAGE_ROWS * 2 + 7))
    ]
    services = Services(run_names=lambda: ["one"], read_run=lambda _: Run("one", "m", [], rows))
    browser = Browser(SimpleNamespace(services=services))  # pyright: ignore[reportArgumentType]
    table, ids, page, where = browser.table("one", 3)
    assert (len(table), ids[-1], page) == (7, "d/106#0", 3)
    assert where == "page 3 of 3 · 107 responses: 107 wrong"
    assert browser.table("one", 99)[2] == 3
    assert [row.id for row in Filter(end="cut off").of(rows)] == ["d/3#0"]
    assert [row.id for row in Filter(which="not shown to be wrong").of(rows)] == ["d/5#0"]
    assert Filter(which="samples differ on the problem").of(rows) == []
    verdicts = [Verdict("correct", "forty-two", ""), Verdict("no_answer", None, "", protocol="official")]
    other = replace(rows[0], id="d/106#1", verdicts=verdicts)
    differing = [row.id for row in Filter(which="samples differ on the problem").of([*rows, other])]
    assert differing == ["d/106#0", "d/106#1"]
    assert Filter(which="protocols disagree").of([*rows, other]) == [other]
    assert Filter(words="Forty-two").of([*rows, other]) == [other]
    assert Filter(outcome="correct").of([*rows, other]) == [other]
    assert Filter(outcome="no_answer", protocol="official").of([*rows, other]) == [other]
    assert Filter(outcome="not judged", protocol="official").of([*rows, other]) == rows[::-1]
    assert [row.id for row in Filter(words="WHAT IS 42").of(rows)] == ["d/42#0"]
    assert Filter(order="longest first").of(rows)[0].id == "d/0#0"
    assert [row.id for row in Filter().of(rows)][8:11] == ["d/8#0", "d/9#0", "d/10#0"]


def test_folders_that_cannot_be_shown_say_so(tmp_path: Path) -> None:
    pytest.importorskip("gradio")
    from ampo.cli.lent import run_states

    for name, files in {
        "empty": {"config.toml": "a = 1", "problems.jsonl": "{}", "responses.jsonl": ""},
        "begun": {"config.toml": "a = 1", "problems.jsonl": "{}"},
        "broken": {"config.toml": "a = ", "problems.jsonl": "{}", "responses.jsonl": "{}"},
        "half": {"responses.jsonl": "{}"},
        "good": {"config.toml": "a = 1", "problems.jsonl": "{}", "responses.jsonl": "{}"},
    }.items():
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
    assert run_states(tmp_path) == {
        "empty": "no responses yet",
        "begun": "no responses yet",
        "broken": "broken: config.toml can't be read",
        "half": "broken: no config.toml",
    }


def test_of_a_very_long_text_the_beginning_is_shown_and_files_have_all() -> None:
    long = "```\n" + "word " * 600_000
    made = answer(text=long, thought=long, body=long)
    left = f"{len(long) - render.MOST_SHOWN:,} more characters are not shown here"
    turn, growing = Turn("q", answer=made), render.Live()
    states: tuple[State, ...] = ("running", "stop")
    for state in states:
        turn = Turn("q", answer=replace(made, state=state))
        for _ in range(2):  # drawn again with nothing new
            shown = [message["content"][0]["text"] for message in growing.messages([turn])]
            thought, body = (text for text in shown if "word" in text)
            assert left in thought
            assert left in body
            assert len(body) < 2 * render.MOST_SHOWN
            assert "\n```\n\n<div" in body  # the code ends before the line that says so
    assert long in export.to_markdown(Conversation(turns=(turn,)))
    again = from_json(Conversation(turns=(turn,)).to_json()).turns[0].answer
    assert again is not None
    assert again.text == long
    drawn = Draw(turn, (made,) * 16)
    for marked in (False, True):
        shown = samples(drawn, marked)
        assert shown.count("more characters are not shown here") >= 16
        assert len(shown) < 4 * render.MOST_SHOWN * 3
