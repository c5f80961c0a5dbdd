"""Recipes, one short file per result: `<dataset>_<model>.py` holds one `RECIPE`."""
