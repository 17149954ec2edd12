"""Publishing: titles and texts frozen for readers, and readers counted without races."""
