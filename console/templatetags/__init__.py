"""Template tags of the console: icons, units of measure, the frame."""
