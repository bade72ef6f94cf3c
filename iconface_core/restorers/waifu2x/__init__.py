"""waifu2x: a general upscaler without knowledge of faces, as a fallback and a peer."""
