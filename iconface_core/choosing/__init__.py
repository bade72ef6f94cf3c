"""Which of several restorations of one face is the best, and why."""

BEST = "best"
"""The id of `BestRestorer`, and what users write for it."""
