"""Recipes, one short file a result: `<dataset>_<model>.py` holds one `RECIPE`."""
