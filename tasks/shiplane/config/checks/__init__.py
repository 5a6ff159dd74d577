"""Checks of staged images: what the project file says of them, and what they answered."""
