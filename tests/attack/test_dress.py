"""Property 4: a reference in a dress that changes nothing is accepted.

Sixty dresses, and references of every kind: from the benchmarks where AMPO_DATA_DIR is set, else from the graded sets.
A reference that is refused as it stands is no matter of dress, and left out.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ampo.verify import Claim, VerifierPool

SAMPLE = 70
DIGITS = {
    "full-width": "０１２３４５６７８９",
    "Arabic": "٠١٢٣٤٥٦٧٨٩",
    "Persian": "۰۱۲۳۴۵۶۷۸۹",
    "Devanagari": "०१२३४५६७८९",
}
FRAMES = r"""
\boxed{R}
$\boxed{R}$
$$\boxed{R}$$
\[\boxed{R}\]
\(\boxed{R}\)
\fbox{R}
\boxed{ R }
\boxed{$R$}
\boxed{\boxed{R}}
\boxed{\displaystyle R}
\boxed{\,R\,}
\boxed{\quad R \quad}
\boxed{R.}
\boxed{\large R}
\boxed{{R}}
{\Large \boxed{R}}
**\boxed{R}**
$\mathbf{\boxed{R}}$
$\color{red}{\boxed{R}}$
$\underline{\boxed{R}}$
- \boxed{R}
* $\boxed{R}$
> \boxed{R}
1. $\boxed{R}$
### $\boxed{R}$
<answer>R</answer>
<answer> $R$ </answer>
<answer>\boxed{R}</answer>
<answer>**R**</answer>
<answer>The answer is R</answer>
<think>Perhaps 99.</think>\boxed{R}
The answer is R.
The answer is $R$.
The answer is: $R$
The final answer is $\boxed{R}$. I hope it is correct.
**Answer:** $R$
**Final Answer:** R
Final answer:
$$R$$
Answer: \(R\)
Answer:

> $R$
### Final Answer

$R$
Answer:
```
R
```
Answer:
- $R$
#### R
So the answer is $\boxed{R}$. $\blacksquare$
$\boxed{R}$ Q.E.D.
\boxed{R} As asked, it is given in \boxed{}.
Thus, we have
\begin{align*}
\boxed{R}
\end{align*}
答案：$R$
故答案为：\boxed{R}
答えは $R$ です。
정답: $R$
Ответ: $R$
Die Antwort ist $R$.
La réponse est $R$.
La respuesta es $R$.
A resposta é $R$.
La risposta è $R$.
الجواب: $R$
""".strip()
DRESSES: dict[str, Callable[[str], str]] = {
    "text": lambda r: rf"\text{{{r}}}" if re.fullmatch(r"[A-Za-z ]+|\d+", r) else r,
    "textnormal": lambda r: rf"\textnormal{{{r}}}" if re.fullmatch(r"[A-Za-z ]{2,}", r) else r,
    "bm": lambda r: rf"\bm{{{r}}}" if r.count("{") == r.count("}") and "," not in r else r,
    "num": lambda r: rf"\num{{{r}}}" if re.fullmatch(r"\d+", r) else r,
    "dfrac": lambda r: r.replace(r"\frac", r"\dfrac"),
    "left and right": lambda r: (
        r.replace("(", r"\left(").replace(")", r"\right)") if r.count("(") == r.count(")") else r
    ),
    "double escapes": lambda r: (
        r.replace("\\", "\\\\") if "\\\\" not in r and re.search(r"\\(?:frac|sqrt|pi)\b", r) else r
    ),
    "form feed": lambda r: r.replace(r"\frac", "\frac"),
    "tab": lambda r: r.replace(r"\text{", "\text{"),
    "HTML sup": lambda r: re.sub(r"(?<=[a-zA-Z\d])\^(\d)(?!\d)", r"<sup>\1</sup>", r),
    "HTML sub": lambda r: re.sub(r"(?<=[a-zA-Z])_(\d)(?!\d)", r"<sub>\1</sub>", r),
    "unicode minus": lambda r: re.sub(r"-(?=\d)", "−", r),
    "spaces": lambda r: re.sub(r"(?<=[\d)])\s*([+=])\s*(?=[\d(])", r"\\, \1 \\; ", r),
    **{f"{name} digits": lambda r, d=d: r.translate(str.maketrans("0123456789", d)) for name, d in DIGITS.items()},
}


def frames() -> Iterator[str]:
    frame: list[str] = []
    for line in FRAMES.splitlines():
        whole = "R" in "\n".join(frame) and not (frame[-1].endswith("R") and line == "```") and line != r"\end{align*}"
        if frame and whole:
            yield "\n".join(frame)
            frame = []
        frame.append(line)
    yield "\n".join(frame)


def references() -> list[tuple[str, str]]:
    """(reference, question), of different lengths and benchmarks."""
    folder = os.environ.get("AMPO_DATA_DIR")
    found: dict[str, str] = {}
    if folder:
        for file in sorted(Path(folder).glob("*.jsonl")):
            for line in filter(None, file.read_text(encoding="utf-8").split("\n")):
                row = json.loads(line)
                if not row.get("options"):
                    found.setdefault(str(row["answer"]), row["question"])
    else:
        for name in ("right", "blind2"):
            for item in json.loads((Path(__file__).parents[1] / "graded" / f"{name}.json").read_text(encoding="utf-8")):
                if not item.get("options"):
                    found.setdefault(item["gold"], item.get("question") or "")
    usable = [
        (gold, question) for gold, question in found.items() if len(gold) < 60 and "$" not in gold and "\n" not in gold
    ]
    return random.Random(4).sample(usable, min(SAMPLE, len(usable)))


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(2) as made:
        yield made


def test_dress_changes_nothing(pool: VerifierPool) -> None:
    wanted = references()
    plain = pool.verify_many([Claim(gold, rf"\boxed{{{gold}}}", question=question) for gold, question in wanted])
    kept = [pair for pair, verdict in zip(wanted, plain, strict=True) if verdict.correct]
    assert len(kept) > 0.8 * len(wanted)
    claims = [
        (f"{frame!r} of {gold!r}", Claim(gold, frame.replace("R", gold), question=question))
        for n, frame in enumerate(frames())
        for gold, question in kept[n % 5 :: 5]
    ]
    claims += [
        (f"{name} of {gold!r}", Claim(gold, rf"So it is \boxed{{{dress(gold)}}}.", question=question))
        for name, dress in DRESSES.items()
        for gold, question in kept
        if dress(gold) != gold
    ]
    assert len(DRESSES) + sum(1 for _ in frames()) >= 60
    verdicts = pool.verify_many([claim for _, claim in claims])
    refused = [
        f"{what}: {verdict.outcome}, {verdict.extracted!r}, {verdict.reason}"
        for (what, _), verdict in zip(claims, verdicts, strict=True)
        if not verdict.correct
    ]
    assert not refused, f"{len(refused)} of {len(claims)}:\n" + "\n".join(refused)
