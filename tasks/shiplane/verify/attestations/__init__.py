"""What BuildKit attests of an image, its provenance and SBOMs, and whether that agrees with what else is known."""
