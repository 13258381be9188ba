"""The pool of worker processes that can be killed, and what it is asked."""
