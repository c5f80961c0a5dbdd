"""What a file from a stranger must be before Keras or TensorFlow reads it.

A file is refused from what it states of itself, without its values: that takes little memory, and
nothing that stands in it runs.
"""
