"""Response -> final answer: which text of a response is its answer."""
