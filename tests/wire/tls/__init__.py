"""The TLS first flight: built bytes read by others, real servers read by us."""
