"""What the worker does for each kind of job. A handler translates a payload into one use case."""
