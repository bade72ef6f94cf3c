"""Who may come in, how much and how slowly; which server is running; what open pages are told. Knows no page."""
