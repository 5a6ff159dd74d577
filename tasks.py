"""This repository's own tasks: the library's, and ``dev.*`` for those who work on it."""

import sys
from pathlib import Path

# Work from a bare checkout, and prefer the checkout to an installed copy.
sys.path[:0] = [str(Path(__file__).parent / "tasks"), str(Path(__file__).parent)]

from invoke import Collection

import shiplane

ns = Collection.from_module(shiplane)
