"""What a task works with: clients of registries, Docker and git, made from the environment and the project file."""
