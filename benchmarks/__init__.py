"""Benchmarks: each module ``bench_*.py`` offers ``rows() -> list[tuple[str, str]]``."""
