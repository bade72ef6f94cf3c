"""The review page: a local web site over one gallery (docs/web.md)."""
