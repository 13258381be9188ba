from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampo.errors import UserError
from ampo.prompts import (
    ThoughtSplitter,
    boxed_span,
    load_template,
    opened_thought,
    render,
    split,
)
from ampo.types import Message, Problem
from ampo.verify.find.extract import extract, final_answer


@pytest.mark.parametrize(
    ("text", "thought", "body", "answer", "finished"),
    [
        ("<think>a</think>b", "a", "b", "b", True),
        ("a</think>b", "a", "b", "b", True),  # the template opened the thought
        ("<think>abc", "abc", "", "", False),
        ("<think>a</think>so <answer>9.9</answer>", "a", "so <answer>9.9</answer>", "9.9", True),
        ("Let me see. <answer>9.9</answer>", "Let me see.", "<answer>9.9</answer>", "9.9", True),
        (r"It is \boxed{\frac{1}{2}}.", "", r"It is \boxed{\frac{1}{2}}.", r"\frac{1}{2}", True),
        ("<answer>1</answer> no: <answer>2</answer>", "<answer>1</answer> no:", "<answer>2</answer>", "2", True),
        ("plain text", "", "plain text", "plain text", True),
        ("", "", "", "", True),
    ],
)
def test_split(text: str, thought: str, body: str, answer: str, finished: bool) -> None:
    assert tuple(split(text)) == (thought, body, finished)
    assert final_answer(text) == answer


def test_the_answer_of_a_response_is_what_the_verdict_says_was_extracted() -> None:
    text = r"so \boxed{1} and \boxed{2}"
    assert final_answer(text) == extract(text).answer == "1, 2"


@given(st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", r"\boxed{", "}", "a", " b ", "\n"])))
def test_split_loses_no_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    parts = split(text)
    letters = [c for c in text.replace("<think>", "").replace("</think>", "") if c in "ab"]
    kept = [c for c in (parts.thought + parts.body).replace("<think>", "").replace("</think>", "") if c in "ab"]
    assert sorted(kept) == sorted(letters)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"\boxed{1} and \boxed{2}", "2"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{1} then \boxed{2", "1"),
        (r"\fbox{7}", "7"),
        (r"\boxed {a\\b}", r"a\\b"),
        ("none", None),
    ],
)
def test_boxed(text: str, content: str | None) -> None:
    span = boxed_span(text)
    assert (text[slice(*span)] if span else None) == content


@given(st.text(alphabet="<>/thinka b", max_size=40), st.integers(1, 7))
def test_streaming_split_does_not_depend_on_the_pieces(text: str, size: int) -> None:
    def gather(pieces: list[str]) -> dict[str, str]:
        splitter, found = ThoughtSplitter(), {"thought": "", "body": ""}
        for piece in pieces:
            for kind, part in splitter.feed(piece):
                found[kind] += part
        for kind, part in splitter.end():
            found[kind] += part
        return found

    assert gather([text]) == gather([text[i : i + size] for i in range(0, len(text), size)])


def test_streaming_split_tells_thought_from_body() -> None:
    splitter = ThoughtSplitter()
    pieces = [part for piece in ("<thi", "nk>abc</th", "ink>d<e") for part in splitter.feed(piece)] + [*splitter.end()]
    assert "".join(t for k, t in pieces if k == "thought") == "abc"
    assert "".join(t for k, t in pieces if k == "body") == "d<e"


def test_opened_thought() -> None:
    assert opened_thought("<|assistant|>\n<think>\n") == "<think>\n"
    assert opened_thought("<|assistant|><think>") == "<think>"
    assert opened_thought("<think>x</think> answer") == ""
    assert opened_thought("") == ""


def test_template_of_the_authors() -> None:
    system, user = load_template("ampo").render(Problem("x/1", "What is 1+1?", "2"))
    assert system["role"] == "system"
    assert "<answer> </answer> tags" in system["content"]
    assert user == {"role": "user", "content": "What is 1+1?"}


def test_options_are_shown_and_fields_in_the_question_stay() -> None:
    problem = Problem("x/1", "Which is {options}?", "B", options=("red", "blue"))
    assert load_template("plain").render(problem)[-1]["content"] == "Which is {options}?\n\nA) red\nB) blue"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ampoo", "did you mean ampo"),
        ("missing.toml", "cannot read the prompt templates"),
    ],
)
def test_unknown_template(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_template(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nusr = '{question}'", "unknown key 'usr': did you mean user"),
        ("[a]\nuser = 'no field'", "must contain {question}"),
        ("[a\n", "not valid TOML"),
        ("[a]\nuser='{question}'\n[b]\nuser='{question}'", "has 2 templates"),
    ],
)
def test_broken_template_file(tmp_path, text: str, message: str) -> None:
    file = tmp_path / "t.toml"
    file.write_text(text)
    with pytest.raises(UserError) as error:
        load_template(str(file))
    assert message in str(error.value)


def test_template_file_by_name(tmp_path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[a]\nuser='A {question}'\n[b]\nuser='B {question}'")
    assert load_template(f"{file}#b").render(Problem("x", "q", ""))[0]["content"] == "B q"


def test_render_without_a_chat_template() -> None:
    class Base:
        chat_template = None

    assert render([{"role": "user", "content": "q"}], Base()) == "q\n\n"


def test_render_goes_on_from_the_assistants_words() -> None:
    class Opening:
        chat_template = "x"

        def apply_chat_template(self, messages, **_) -> str:
            return "".join(f"<{m['role']}>{m['content']}" for m in messages) + "<assistant><think>\n"

    question: Message = {"role": "user", "content": "q"}
    opened = render([question], Opening())
    said: Message = {"role": "assistant", "content": "<think>\nOne, two"}
    assert render([question, said], Opening()) == opened + "One, two"  # the template's own tag isn't doubled


@pytest.mark.parametrize("system", [True, False])
def test_a_chat_template_that_refuses_is_one_line(system: bool) -> None:
    tokenizer = pytest.importorskip("transformers").PreTrainedTokenizerFast(
        tokenizer_object=pytest.importorskip("tokenizers").Tokenizer(pytest.importorskip("tokenizers").models.BPE()),
        chat_template="{{ raise_exception('Role not supported') }}",
    )
    turns: list[Message] = [{"role": "system", "content": "s"}] if system else []
    with pytest.raises(UserError, match=r"refuses the turns .*user \(Role not supported\)") as error:
        render([*turns, {"role": "user", "content": "q"}], tokenizer)
    assert ("--template plain" in str(error.value)) == system


@pytest.mark.parametrize(
    ("text", "thought", "body"),
    [
        ("a b <answer>c</answer> d", "a b ", "<answer>c</answer> d"),
        ("<think>a</think>b", "a", "b"),
        (" <think>a</think><answer>c</answer>", "a", "<answer>c</answer>"),
        ("a</think>b <answer>c</answer>", "a", "b <answer>c</answer>"),
        ("a < b <ans", "a < b <ans", ""),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_what_stands_before_an_answer_is_thought(text: str, thought: str, body: str, size: int) -> None:
    splitter, found = ThoughtSplitter(until_answer=True), {"thought": "", "body": ""}
    for start in range(0, len(text), size):
        for kind, part in splitter.feed(text[start : start + size]):
            found[kind] += part
    for kind, part in splitter.end():
        found[kind] += part
    assert (found["thought"].strip(), found["body"].strip()) == (thought.strip(), body)
