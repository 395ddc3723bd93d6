"""The lab of the federation probe: stand-ins for the DNS, the edges and the revocation services of a SIP domain."""
