"""Degraded copies of clean faces, and the damage of old prints."""
