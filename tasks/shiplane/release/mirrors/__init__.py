"""Further repositories of a lane: they get the primary's bytes, by the same digests, and its tags."""
