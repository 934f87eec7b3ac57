"""What scripts/bench measures. Figures in docs/benchmarks.md come from runs of it and from nowhere else."""
