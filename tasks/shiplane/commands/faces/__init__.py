"""The tasks' names, flags and help, by what they are about; what they do is in the modules of the same names above."""
