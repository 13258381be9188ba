"""What a run's figures look like: in a terminal, as text for papers and model cards, and as one page for a browser.

source.py    a run directory or lm-eval's results -> `Shown`, the figures and where the responses are
terminal.py  tables for a terminal
formats.py   Markdown, JSON, CSV, LaTeX; modelcard.py: the YAML that model cards take
page.py      report.html: plots.py and markup.py make its parts, responses.py its data, assets/ its looks
command.py   `ampo report`; figures.py: how a figure is written, the same in every form
"""

from ampo.eval.report.terminal import show_audit, show_catalogue, show_disagreements, show_metrics

__all__ = ["show_audit", "show_catalogue", "show_disagreements", "show_metrics"]
