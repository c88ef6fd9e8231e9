"""What we asked of Genesys and what Genesys says happened."""
