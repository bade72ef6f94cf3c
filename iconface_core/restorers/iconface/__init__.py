"""IConFace: reference-aware diffusion restoration on FLUX.2 (the paper)."""
