"""One TOML profile per model family, each fact with its source."""
