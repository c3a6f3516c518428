"""Configuration: one TOML file to one frozen `Config`, or every problem in it at once."""
