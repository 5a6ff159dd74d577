"""The machine: child processes, files, folders, threads."""
