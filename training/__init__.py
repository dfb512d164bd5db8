"""Training of the embedded model set. Never imported by the package."""
