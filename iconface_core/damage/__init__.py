"""How badly a face is degraded, and whether a change can be seen."""
