"""Vector collections: rows that are found by meaning, by words or by example, and the engines that rank them."""
