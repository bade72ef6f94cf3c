"""Work that outlives a command: kinds and handlers, the worker process, and the supervisor that watches it."""
