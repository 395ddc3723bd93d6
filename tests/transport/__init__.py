"""The sockets, against servers on loopback that are healthy, broken or hostile."""
