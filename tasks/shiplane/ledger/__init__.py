"""The record of a lane: what was released, moved and marked, kept in the registry beside the images."""
