"""Certificate facts and the judgement of certificates that a phone makes. No I/O."""
