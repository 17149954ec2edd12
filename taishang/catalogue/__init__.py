"""Which models there are, what they are called, what they cost, and which one is meant."""
