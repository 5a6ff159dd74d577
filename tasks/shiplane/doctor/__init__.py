"""Every check of a machine, a configuration and a registry, side by side."""
