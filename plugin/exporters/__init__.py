"""People and faces in the forms of other programs."""
