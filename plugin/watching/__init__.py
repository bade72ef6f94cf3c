"""Living with the library: what changes on disk reaches the gallery by itself."""
