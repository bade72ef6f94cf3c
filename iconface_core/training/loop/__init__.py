"""The loop around any recipe: steps, state, logs, processes."""
