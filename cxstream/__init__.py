"""cxstream."""
