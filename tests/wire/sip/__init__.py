"""SIP: what is built is exact, what is read may be anything."""
