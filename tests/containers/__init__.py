"""Tests against real servers in containers: run `containers/prepare`, then `make test-containers`."""
