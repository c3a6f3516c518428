"""Any TOML file, with the line of every value, so that each problem can be reported where it stands."""
