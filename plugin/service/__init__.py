"""The service: one process in the background that watches the library, keeps a worker at its jobs, and can be asked."""
