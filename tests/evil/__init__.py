"""Executors that do the worst, one a file, and what the console makes of each."""
