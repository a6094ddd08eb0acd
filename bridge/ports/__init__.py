"""What the core asks of the outside, as narrow Protocols, split by who uses them."""
