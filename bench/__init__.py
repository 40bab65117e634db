"""How fast the service is, in proportion to the machine it runs on."""
