"""A comparison as plain data, and as it is shown: two sides, who they are, what was voted.

Blind, nothing that could tell the sides apart but their texts is shown before the vote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape

from ampo.app import render
from ampo.conversation import Answer, Conversation, Turn

VERDICTS: dict[str, str] = {
    "left": "Left is better",
    "tie": "A tie",
    "right": "Right is better",
    "neither": "Both are bad",
}


@dataclass(frozen=True, slots=True)
class Match:
    """Two conversations with the same questions.

    talks: of side "a" and "b". order: which of them stands left and which right. engines: the name of each side's.
    vote: what was voted, "" before.
    """

    talks: tuple[tuple[str, Conversation], ...] = ()
    engines: tuple[tuple[str, str], ...] = ()
    order: tuple[str, str] = ("a", "b")
    blind: bool = False
    vote: str = ""

    @property
    def hidden(self) -> bool:
        return self.blind and not self.vote

    @property
    def running(self) -> bool:
        return any(last.answer is None or last.answer.state == "running" for last in self._last())

    @property
    def failed(self) -> bool:
        return any(last.answer is not None and last.answer.state == "failed" for last in self._last())

    @property
    def goes_on(self) -> bool:
        """Whether both may be asked a further question."""
        return bool(self.talks) and not (self.running or self.failed or self.vote)

    def answers(self) -> dict[str, Answer]:
        """The last answer of each side, where there is one."""
        return {side: made for side, talk in self.talks if (made := talk.turns[-1].answer) is not None}

    def answered(self, made: Mapping[str, Answer]) -> Match:
        """The same with other last answers."""
        talks = ((side, talk.with_answer(made[side]) if side in made else talk) for side, talk in self.talks)
        return replace(self, talks=tuple(talks))

    def asked(self, turn: Turn) -> Match:
        """The same with a further question to both, each under its own system prompt."""
        talks = []
        for side, talk in self.talks:
            own = replace(turn, system=talk.turns[-1].system)
            talks.append((side, replace(talk, turns=(*talk.turns, own))))
        return replace(self, talks=tuple(talks))

    def messages(self, side: str, drawing: render.Drawing) -> list[render.Message]:
        """A side as the chatbot shows it."""
        turns = dict(self.talks)[side].turns
        if self.hidden:
            shown = [message for turn in turns for message in _without_footer(_anonymous(turn), drawing)]
        else:
            shown = drawing.messages(turns)
        return shown[1:] if len(turns) == 1 else shown  # the only question stands above

    def who(self) -> str:
        """Who is who and what was voted, as HTML."""
        if self.hidden and self.failed:
            return "<p>A side has failed: there is no vote.</p>"
        if self.hidden:
            return "<p>Who is who is told after the vote.</p>"
        cells = [self._named(place, side) for place, side in zip(("Left", "Right"), self.order, strict=True)]
        vote = f"<br>Your vote: <b>{VERDICTS[self.vote]}</b>, saved." if self.vote else ""
        return f"<p>{'<br>'.join(cells)}{vote}</p>"

    def _named(self, place: str, side: str) -> str:
        last = dict(self.talks)[side].turns[-1]
        made = last.answer
        heat = f", temperature {made.params.temperature:g}" if made and made.model else ""
        prompt = f", system prompt “{escape(render.clip(last.system, 60))}”" if last.system else ""
        return f"<b>{place} is {side.upper()}</b>: {escape(dict(self.engines)[side])}{heat}{prompt}"

    def _last(self) -> list[Turn]:
        return [talk.turns[-1] for _, talk in self.talks]


def _anonymous(turn: Turn) -> Turn:
    """Without how long a thought took, which would tell the sides apart."""
    return replace(turn, answer=replace(turn.answer, thought_seconds=None)) if turn.answer else turn


def _without_footer(turn: Turn, drawing: render.Drawing) -> list[render.Message]:
    """A footer names times and counts, an error the engine."""
    messages = drawing.messages([turn])
    if turn.answer is None or turn.answer.state == "running":
        return messages
    note = '<div class="ampo-error">this side has failed</div>'
    return [*messages[:-1], *([render.message("assistant", note)] if turn.answer.state == "failed" else [])]
