"""Replacement, advantages and losses: pure functions on tensors and plain data, shared by every backend."""
