"""CSV and Excel in, with a fault per row and column, and undo of a batch."""
