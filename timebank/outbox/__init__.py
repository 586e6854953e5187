"""What happened, for those who are told of it: events in the order of commits, and webhooks that carry them."""
