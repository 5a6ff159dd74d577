"""Reports, status pages and pictures of a history, as files: rendered from the documents of --json."""
