"""The catalogue: what is judged, why, and what mends it. No I/O."""
