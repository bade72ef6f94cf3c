"""What each network learns from: batch, losses, export."""
