"""The one way to speak HTTP to somebody else: pinned, bounded in time and number, with errors that say what to do."""
