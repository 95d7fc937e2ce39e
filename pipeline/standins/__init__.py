"""Stand-ins for what a demo or a test cannot have: the devices of a station."""
