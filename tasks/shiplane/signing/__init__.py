"""Signatures of images: what is signed, with which tool, and whether it verifies."""
