"""What every backend answers alike, through the platform's own search."""
