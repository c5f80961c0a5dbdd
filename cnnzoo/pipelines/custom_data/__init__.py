"""Your own data, in any usual form, as a data set like those of the catalog."""
