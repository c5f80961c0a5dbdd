"""Readers of an exported tokenizer without TensorFlow; each stands beside the files it serves."""
