"""What each command of the command line does: from parsed arguments to a JSON document and lines.

Each command imports what it needs, so that `cnnzoo --help` and `cnnzoo list` need no TensorFlow.
"""
