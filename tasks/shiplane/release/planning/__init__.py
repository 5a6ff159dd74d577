"""What a release will do, decided before anything is done."""
