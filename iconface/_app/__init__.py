"""Where `iconface` finds the application.

In a checkout the application is the top-level package `plugin`, and the modules here hand on what `iconface` uses of
it. A wheel has `plugin` itself in this place (pyproject.toml), so that it brings no top-level name but its own.
"""
