"""The phone configuration file to values, safely. No I/O."""
