"""The catalogue of points: one named, typed, united value that an interface may show or accept."""
