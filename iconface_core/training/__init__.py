"""Training: data, degradations, recipes, loop."""
