"""One restore request: whose face, which references, the restoration, its check, the copy; and what is proposed."""
