"""Albums for giving: one person through the years, as a page to be printed."""
