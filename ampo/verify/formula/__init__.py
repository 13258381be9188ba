"""Text -> tree -> number: the reader of formulas, its bounds, and whether two trees are equal."""
