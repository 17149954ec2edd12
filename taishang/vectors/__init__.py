"""Collections of vectors: rows, search, indexes and the engines that rank them."""
