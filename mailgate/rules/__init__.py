"""The desk's thinking: pure functions from values to values. No I/O, no clock, no chance."""
