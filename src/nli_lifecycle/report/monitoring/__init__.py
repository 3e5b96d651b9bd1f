"""What monitoring found, as one HTML page."""
