"""Tables of a lakehouse read as an inference log: Delta by its place, any other by Spark."""
