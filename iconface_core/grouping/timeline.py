"""People change: link clusters of one person that look alike only where their times meet."""
