"""The commands for guidance pools: pool build, pool check, pool stats."""

from __future__ import annotations

import typer

from ampo.cli.pool import build, check, stats

app = typer.Typer(help="Teachers' solutions for training: build, check and describe a guidance pool.")
app.command()(build.build)
app.command()(check.check)
app.command()(stats.stats)
