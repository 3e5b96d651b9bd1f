"""Watch what the champion answers, and act on what is seen."""
