"""Looking into any Keras model."""
