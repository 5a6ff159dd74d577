"""Thin Invoke tasks: resolve, plan, run a flow, show."""
