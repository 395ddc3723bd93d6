"""Evidence and findings over time, in a database."""
