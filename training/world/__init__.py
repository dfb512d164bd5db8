"""A small world of moving shapes with captions and sound: what the embedded model set learns to draw."""
