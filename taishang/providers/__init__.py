"""Providers of models: one way to ask any of them, whatever protocol they speak. Knows no Django models."""
