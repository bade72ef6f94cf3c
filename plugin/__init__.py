"""Application: settings, composition, commands."""
