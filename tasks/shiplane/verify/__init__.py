"""What the registry really serves: one image, one lane, all of it."""
