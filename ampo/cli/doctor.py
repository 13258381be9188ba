"""The command that says what is here."""

from __future__ import annotations


def doctor() -> None:
    """Show what is installed, which devices there are, and what each missing part costs."""
    from rich.table import Table

    from ampo.doctor import examine
    from ampo.terminal import Console

    table = Table(box=None, show_header=False)
    marks = {True: "[green]ok[/green]", False: "[yellow]--[/yellow]", None: ""}
    for ok, what, detail in examine():
        table.add_row(marks[ok], what, detail.replace("[", r"\["))
    Console().print(table)
