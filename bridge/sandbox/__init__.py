"""Stand-ins for the world around a bridge: a simulated platform, a simulated gate and a page that shows both."""
