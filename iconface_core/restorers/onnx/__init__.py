"""Public blind restorers as ONNX files: one restorer, and a profile for what a file does not say of itself."""
