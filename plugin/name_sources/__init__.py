"""Names of people that other programs know, each source in a file of its own. None changes anything on the disk."""
