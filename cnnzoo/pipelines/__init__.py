"""Raw examples to batches: splits, augmentation, and preprocessing that travels with the model."""
