"""The TLS first flight as a codec: exact ClientHello bytes out, the server's first flight in.

SSL 3.0 to TLS 1.2 are read up to ServerHelloDone, in clear text. Of TLS 1.3 only ServerHello and
HelloRetryRequest can be seen: its certificate travels encrypted. Nothing here does cryptography, and nothing
here judges.
"""
