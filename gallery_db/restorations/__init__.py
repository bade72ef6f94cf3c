"""What was restored or proposed, with verdict and review."""
