"""What follows a rollback that is done and recorded."""
