"""What tests of the bridge and of its plug-ins are made of: twins of the ports, builders, conformance kits."""
