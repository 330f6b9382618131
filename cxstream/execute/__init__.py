"""What happens to a decision: the records it is published as."""
