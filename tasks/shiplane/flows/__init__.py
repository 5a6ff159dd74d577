"""What happens in which order. Flows are generators: they say what they are about to do, and how it went."""
