"""A report as text, JSON and other formats. Shows, never decides."""
