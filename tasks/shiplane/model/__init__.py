"""The pure part: names, versions, manifests, settings, plans and verdicts. No I/O, no invoke, no docker."""
