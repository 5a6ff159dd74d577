"""The form of a document, declared once: it is read by it, and its JSON Schema is made from it."""
