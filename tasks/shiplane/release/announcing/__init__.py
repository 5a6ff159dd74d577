"""What follows the tags of a release: the releases on GitHub, and the announcements."""
