"""iconface-nano: the small network that ships."""
