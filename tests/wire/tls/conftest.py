"""Property tests here are not timed: a busy machine is no fault of a codec."""

from hypothesis import settings

settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")
