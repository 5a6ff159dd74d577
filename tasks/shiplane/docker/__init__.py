"""buildx, builders, the engine, bake definitions, private logins."""
