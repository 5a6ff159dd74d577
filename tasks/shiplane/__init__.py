"""shiplane releases container images in independent lanes.

In any repository's ``tasks.py``: ``from shiplane import ns``.
"""

from shiplane.cli.namespace import namespace

__version__ = "0.1.0"

ns = namespace()

__all__ = ["__version__", "ns"]
