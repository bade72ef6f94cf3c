"""Detectors and embedders."""
