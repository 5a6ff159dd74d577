"""Promotion: a verified version is carried to another repository, digest unchanged, by the rules of a release."""
