"""The documents: what is made from the code is up to date, links lead somewhere, the notebook runs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from ampo.eval.metrics import Judged, summarise
from ampo.eval.records import Judgement, ResponseRecord, VerdictRecord
from ampo.eval.scores import BenchmarkScores
from ampo.types import Problem

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)\s#]+)")


def test_reference_pages_are_what_the_code_says():
    done = subprocess.run([sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["config.md", "benchmark-file.md"])
def test_each_key_has_a_line_of_explanation(page: str):
    rows = [line for line in (ROOT / "docs/reference" / page).read_text(encoding="utf-8").splitlines() if "| `" in line]
    assert rows
    assert not [row for row in rows if row.endswith("|  |")]


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_bytes()) <= 8000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    lost = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not lost


@pytest.mark.parametrize("lines", [Problem, ResponseRecord, VerdictRecord, Judgement, BenchmarkScores])
def test_each_field_of_a_run_is_on_its_page(lines: type):
    page = (ROOT / "docs/reference/run-directory.md").read_text(encoding="utf-8")
    assert not [field.name for field in fields(lines) if f"`{field.name}`" not in page]


def test_each_key_of_metrics_is_on_its_page():
    page = (ROOT / "docs/reference/run-directory.md").read_text(encoding="utf-8")
    row = Judged("one", "one/0", 0, "correct", 0, 5, "stop")
    keys = summarise([row]).keys() | summarise([row])["benchmarks"]["one"].keys() | {"protocol", "protocols"}
    assert not [key for key in keys - {"benchmarks"} if f"`{key}`" not in page]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_nothing_is_installed_from_an_index_by_our_name(page: Path):
    """The project is on none: whoever takes the name there is a stranger."""
    commands = re.findall(r"pip install [^`\n]*", page.read_text(encoding="utf-8"))
    assert not [command for command in commands if re.search(r"(?<![\w/-])ampo(?![\w/-])(?!.* @ )", command)]


@pytest.mark.parametrize("package", ["app", "engines", "eval", "study", "training", "training/openrlhf", "verify"])
def test_a_package_says_what_each_of_its_modules_is(package: str):
    folder = ROOT / "ampo" / package
    told = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    modules = [one.stem for one in folder.glob("*.py")] + [one.parent.name for one in folder.glob("*/__init__.py")]
    assert not [name for name in sorted(modules) if "__" not in name and not re.search(rf"\b{name}\b", told)]


@pytest.mark.slow
def test_the_notebook_of_the_first_quarter_of_an_hour_runs(tmp_path: Path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(ROOT / "docs/quickstart.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("correct" in str(output) for output in shown)
    assert not any(output.output_type == "error" for output in shown)
