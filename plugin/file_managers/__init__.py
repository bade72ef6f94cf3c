"""The entry "Restore face" in the menu of each file manager."""
