"""shiplane releases container images in independent lanes."""

__version__ = "0.1.0"
