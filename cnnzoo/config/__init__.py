"""What a recipe is: values that are checked, without Keras."""
