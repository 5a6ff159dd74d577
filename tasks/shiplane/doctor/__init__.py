"""All checks of machine, configuration and registry."""
