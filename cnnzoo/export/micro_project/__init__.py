"""Files of an export for microcontrollers; `$name` stands for a fact of the network."""
