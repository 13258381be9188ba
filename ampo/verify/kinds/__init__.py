"""The kinds of answers: how each is read, and when two are the same."""
