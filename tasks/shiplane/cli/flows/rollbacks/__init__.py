"""What follows a rollback, and the marks on versions."""
