"""Files that name the image: found, judged, re-pointed."""
