"""The platforms that the bridge hears and asks, one package each."""
