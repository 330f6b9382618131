"""What operations look at: metrics, logs. No label grows with customers, agents or conversations."""
