"""Proof of who sent a delivery, and the bounded reading of its body. Bytes in; pure."""
