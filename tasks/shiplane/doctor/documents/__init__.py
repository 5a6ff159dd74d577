"""The project's documents: what they tell people to type, held against what the configuration forms."""
