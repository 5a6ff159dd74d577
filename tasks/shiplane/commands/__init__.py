"""Invoke tasks: the surface names them and their flags, the other modules are what they do."""
