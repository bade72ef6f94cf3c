"""The people of the gallery: grouping, questions, decisions, forgetting."""
