"""Files that name the image: finding, checking, updating them."""
