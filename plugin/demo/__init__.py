"""`iconface demo`: the main job on a small library, from nothing to a before/after picture."""
