"""The publication of a channel: a branch's newest commit, under a tag that follows it."""
