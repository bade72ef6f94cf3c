"""The desktop: an entry in each file manager's menu, and notifications of what happened. No model is imported here."""
