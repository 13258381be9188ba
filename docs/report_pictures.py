"""Makes the pictures of the report anew, docs/report/*.png, from two real runs of the embedded model.

    python docs/report_pictures.py RUNS [--limit 20] [--output-dir docs/report]

RUNS/t0.6 and RUNS/t1.0 are evaluated, or gone on with. Needs what docs/pictures.py needs, and the benchmarks' data.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from pictures import Person, chromium

SUITE = "math500,gsm8k,aime24,aime25,amc,minerva,olympiadbench,arc_challenge,mmlu_pro"
HEATS = ("0.6", "1.0")
BOTH = ("--protocol", "ampo", "--protocol", "official")
READY = "'ready' in document.documentElement.dataset"
CHOOSE = """const box = document.querySelector('.filters [name=benchmark]');
box.value = 'math500'; box.dispatchEvent(new Event('change', {bubbles: true}));
document.querySelector('#responses').scrollIntoView()"""


def ampo(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "ampo", *map(str, arguments)], check=True)  # noqa: S603 (no input of others)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--output-dir", type=Path, default=Path(__file__).parent / "report")
    options = parser.parse_args()
    runs = [options.runs / f"t{heat}" for heat in HEATS]
    sizes = ("--limit", options.limit, "--samples", 2, "--max-tokens", 512)
    for run, heat in zip(runs, HEATS, strict=True):
        ampo("eval", "-s", SUITE, "--model", "smollm2-135m", *sizes, *BOTH, "--temperature", heat, "--output-dir", run)
    one, both = options.runs / "one.html", options.runs / "both.html"
    ampo("report", runs[0], "--html", "--output", one)
    ampo("report", *runs, "--html", "--output", both)
    ampo("compare", *runs)  # what docs/howto/report.md quotes
    with chromium() as browser:
        for name, page, size, scheme, act in (
            ("page", one, (1180, 1730), "light", ""),
            ("responses", one, (1124, 886), "dark", CHOOSE),
            ("two-runs", both, (1180, 1420), "light", ""),
        ):
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            person = Person(browser, page.resolve().as_uri(), size, READY)
            person.script(act)
            person.picture(options.output_dir / f"{name}.png")


if __name__ == "__main__":
    main()
