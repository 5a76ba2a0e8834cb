"""What the picture formats carry beside pixels: PNG text, EXIF, XMP."""
