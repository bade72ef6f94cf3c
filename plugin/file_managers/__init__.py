"""The entry "Restore face" in the menu of each file manager, and Iconface among the programs."""
