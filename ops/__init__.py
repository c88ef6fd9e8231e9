"""The command line for on-call engineers: from alarm to answer to redrive."""
