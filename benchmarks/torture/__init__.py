"""kill -9 at random moments of everything that writes. `python -m benchmarks.torture --help`."""
