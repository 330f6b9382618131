"""Kafka and Faust: the only place that knows either."""
