"""Packs of aligned faces, and batches drawn from them."""
