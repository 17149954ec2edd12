"""The engines that rank vectors, one file each behind one interface."""
