"""One file per page; each has a `router` which `site.py` includes."""
