"""What an untrusted file must be before Keras or TensorFlow reads it.

A malicious file is refused by its description, before its values are read: that takes little
memory, and nothing in the file runs.
"""
