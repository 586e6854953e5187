"""The health of a bank: what is saved, what can be asked for, and what can be given; each figure with its entries."""
