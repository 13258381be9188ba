"""Spelling: one way to write what is written in many, numbers in words, units, phrases."""
