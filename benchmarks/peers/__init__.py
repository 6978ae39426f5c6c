"""The servers that are compared: the same people, the same rules, the same check of the token."""
