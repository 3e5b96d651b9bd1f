"""Monitoring: what the inference log and feedback say about a model in use, and how surely."""
