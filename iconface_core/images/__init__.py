"""Photo files: read, write, metadata, colour, formats; copies that tell the truth."""
