"""Answers of exported models over HTTP, and the page that shows them."""
