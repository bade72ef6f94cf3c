"""Find the people in a photo library and restore their faces."""
