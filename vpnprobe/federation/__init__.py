"""The rules of SIP federation as its peers keep them: domains, what an edge shows, static routes, reading traces."""
