"""What the bridge does: receive, resolve, converge, sweep, and what people ask of it. Sees ports, never a store."""
