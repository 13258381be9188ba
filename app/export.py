"""A conversation as a Markdown document. As JSON it is `Conversation.to_json`."""

from __future__ import annotations

from ampo.app.render import BADGES, ENDS
from ampo.conversation import Answer, Conversation, Turn


def to_markdown(conversation: Conversation) -> str:
    """All turns with their thoughts, settings and verdicts, the texts as the model wrote them."""
    parts = [f"# {conversation.title}", f"*{conversation.started}*"]
    system = None
    for turn in conversation.turns:
        if turn.system != system:
            parts.append(f"**System prompt**\n\n{_quoted(turn.system or 'none')}")
            system = turn.system
        parts += _turn(turn)
    return "\n\n".join(parts) + "\n"


def _turn(turn: Turn) -> list[str]:
    parts = ["## Question", turn.question]
    if turn.gold:
        parts.append(f"Expected answer: {turn.gold}")
    if turn.answer is not None:
        parts += _answer(turn.answer)
    return parts


def _answer(made: Answer) -> list[str]:
    parts = [f"## {made.model}"]
    if made.thought:
        parts.append(f"**Thought**\n\n{_quoted(made.thought)}")
    parts.append(made.body or f"*{made.error or 'no answer'}*")
    if made.verdict:
        verdict = made.verdict
        word = BADGES[verdict.outcome][1]
        parts.append(f"**Verdict: {word}** (found: {verdict.extracted or 'nothing'}; {verdict.reason})")
    sampling = {k: v for k, v in made.params.to_dict().items() if v not in (None, [])}
    about = ", ".join(f"{name} {value}" for name, value in sampling.items())
    parts.append(f"*{made.completion_tokens} tokens in {made.seconds:.1f} s; {ENDS[made.state]}; {about}*")
    return parts


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())
