"""One command each: `python -m benchmarks.NAME`. Results and commands stand in docs/benchmarks.md."""
