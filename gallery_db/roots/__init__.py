"""The folders of the library, and what happens when one moves."""
