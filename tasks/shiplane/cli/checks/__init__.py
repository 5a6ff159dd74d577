"""The checks of ``check.*``: of this machine and project, and of the registry; and their findings as an answer."""
