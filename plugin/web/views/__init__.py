"""What the pages show, read off the gallery. Knows no request."""
