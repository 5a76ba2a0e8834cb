"""What the backends share that draw on this machine: models, families, schedulers, one thread."""
