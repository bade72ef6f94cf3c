"""What the pages say, in plain words. Pure: values in, words out; only `called` reads a name."""
