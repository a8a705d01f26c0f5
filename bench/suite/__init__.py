"""The bench suite behind bench/run, bench/compare and bench/flame. Python's own library only."""
