"""What benchmarks of monitoring share: pools of scored pairs, streams of them, other tools."""
