"""The promise of README's first lines, tried where nothing is there: in bare roots of Debian's and Ubuntu's releases.

Each root is made by mmdebstrap (minbase, apt, ca-certificates), gets a clone of this commit, and runs the commands in
namespaces of its own for mounts and processes. The network is the machine's. Nothing is installed on the machine, and
what a run left there (processes, mounts, bridges, control groups, files) is looked for afterwards.
"""
