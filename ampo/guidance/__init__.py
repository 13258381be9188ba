"""The multi-guidance pool, the comprehension score, and the choice among teachers (paper, section 3)."""
