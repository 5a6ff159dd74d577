"""The tests of shiplane, and the machinery they share."""
