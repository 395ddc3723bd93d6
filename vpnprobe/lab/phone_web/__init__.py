"""The lab of the phone-web probe: a stand-in for a phone's own web server."""
