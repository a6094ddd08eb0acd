"""Gatebridge: a self-hosted bridge from storage-management platforms to access control."""

__version__ = "0.1.0"
