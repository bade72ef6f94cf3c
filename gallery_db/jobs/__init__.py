"""The queue: what waits for the worker, and what came of it."""
