"""The version of the installed package, which `setup.cfg` states."""

from importlib.metadata import version

__version__ = version("cnnzoo")
