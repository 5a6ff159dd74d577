"""Invoke tasks: the faces are their names, flags and help, the modules beside them are what they do."""
