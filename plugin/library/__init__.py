"""What is on disk and what the gallery knows of it: comparing, looking, storing, roots and their rules."""
