"""What a release is going to do, decided before anything is done."""
