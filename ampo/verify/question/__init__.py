"""What the question asks for: a unit, an order, a form, and what of a sentence is its own."""
