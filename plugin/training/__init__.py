"""Training and judging restorers, for developers of models."""
