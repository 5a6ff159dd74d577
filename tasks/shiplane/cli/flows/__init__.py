"""What several tasks carry out, from settings to an answer: a release, a rollback, a verification, a rehearsal."""
