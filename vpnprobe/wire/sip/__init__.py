"""SIP as far as an OPTIONS and its answer go (RFC 3261). No other request can be built here."""
