"""The tasks, one function each."""
