"""What other packages may add to iconface, as data and small protocols (docs/extending.md)."""
