"""One file per format. Pure: bytes in, records out; what a hostile file could do is refused before it is decoded."""
