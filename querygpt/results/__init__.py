"""What a run brought: kept sealed for a while, read in pages, never in a message."""
