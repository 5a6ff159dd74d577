"""How a run behaves: its limits; and the schema of all that the project file can say."""
