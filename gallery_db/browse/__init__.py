"""Photos, faces and people as lists and pages show them: filtered, sorted, counted."""
