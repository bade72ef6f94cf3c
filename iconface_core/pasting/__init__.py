"""A restored crop into its photo: region, tone, grain."""
