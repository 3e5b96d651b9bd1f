"""What people say about pairs: the queue they get, what comes back, and what follows from it."""
