"""The pages of vector collections."""
