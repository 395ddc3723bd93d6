"""Stand-in CAPF servers that greet, or fail to, and the scenarios that use them."""
