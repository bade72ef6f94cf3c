"""The whole picture: damage found and filled in, faded tones and grain of the background. Pixels only, no model."""
