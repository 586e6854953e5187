"""What coins do: redeemed, given, donated, granted, shared in a family, moved to another district, inherited."""
