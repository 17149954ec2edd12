"""What was used: written day by day with each call, summed for people, recomputed and compared."""
