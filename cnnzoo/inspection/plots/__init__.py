"""Plots of what `inspection` finds."""
