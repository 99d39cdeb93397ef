"""The simulated card encoder: a reader's field and, on each card, a chip with a mind of its own."""
