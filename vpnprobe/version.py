"""The one place that holds the version of the tool and of its check catalogue."""

__version__ = "0.1.0"
CATALOGUE_VERSION = "2026.11"


def version_line() -> str:
    """Return what `--version` prints."""
    return f"vpnprobe {__version__} (catalogue {CATALOGUE_VERSION})"
