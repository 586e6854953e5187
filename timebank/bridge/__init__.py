"""What organisations do for each other: offers and needs of resources, referrals with consent, good practice."""
