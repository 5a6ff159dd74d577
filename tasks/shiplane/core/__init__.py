"""What every room uses: errors, progress, redaction, strict JSON."""
