"""What becomes of a row on its way to a record: its types, its email addresses, and where it waits."""
