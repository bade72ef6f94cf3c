"""Restoring a whole library: which faces, in what order, how long it will take, and what came of it."""
