"""Charity projects at work: life, budget, means, who takes part and who is helped; from a shortage to an outcome."""
