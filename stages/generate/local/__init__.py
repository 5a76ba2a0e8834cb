"""What the backends share that draw on this machine: models, families, schedulers, one thread."""

# The file that says what lies in the folder of a whole pipeline.
INDEX = "model_index.json"
