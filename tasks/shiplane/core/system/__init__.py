"""This machine: child processes, files, folders, threads."""
