"""Who somebody is, who serves as a reference, and whether a restored face is still that person."""
