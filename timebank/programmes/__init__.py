"""Old Partner and weekly visits: contracts, pairs that both sides agree to, greetings, follow-ups, months."""
