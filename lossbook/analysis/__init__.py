"""What is computed *about* losses and distributions: fits, residual curves, implied densities. It draws nothing."""
