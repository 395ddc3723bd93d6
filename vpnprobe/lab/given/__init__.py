"""Labs of given certificates: files, a trust list, a server that asks for client certificates."""
