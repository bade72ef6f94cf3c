"""The one door of the page that is not loopback: for phones at home, opened by the user, and closed by itself."""
