"""The care team: who belongs to it in which role, what they were trained for, advice points, contacts of seniors."""
