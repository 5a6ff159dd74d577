"""What the registry serves: one image, a lane, all tags."""
