"""Plans: what a release would do, shown or kept in a file that is carried out later."""
