"""Readers of an exported tokenizer without TensorFlow; each is stored next to its files."""
