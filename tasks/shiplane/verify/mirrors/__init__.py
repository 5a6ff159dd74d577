"""What further repositories serve, beside the primary."""
