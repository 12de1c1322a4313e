"""Which lists the API has: their paths, sorts, filters and pages."""
