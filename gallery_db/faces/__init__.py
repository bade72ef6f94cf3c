"""Faces and their vectors: stored, matched with those of a changed photo, grouped, measured."""
