"""Commands: one file per noun. A command translates arguments into one library call and its result into rows."""
