"""Tasks, run context, console, views, signals, exit codes."""
