"""How far a stream has come, and which page comes next. Pure: nothing here knows of HTTP or of the CDK."""
