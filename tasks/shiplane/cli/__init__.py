"""The command line: tasks, what a run knows, what it prints, how it ends."""
