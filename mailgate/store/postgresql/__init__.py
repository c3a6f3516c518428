"""PostgreSQL behind `store/engine.py`: opening and errors, the handle, the daemon's threads, the schema."""
