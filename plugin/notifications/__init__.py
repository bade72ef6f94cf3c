"""Desktop notifications: what is shown, when, and by which process."""
