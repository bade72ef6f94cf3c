"""Which models there are here, how each is made, and how long it stays loaded."""
