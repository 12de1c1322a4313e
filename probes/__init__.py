"""What the connector believes of Mailcoach's API, each belief as a request that shows whether it holds.

`python -m probes --config secrets/config.json --report report.md` asks a server, and only reads. Not probed is what
takes a change, a fault, an overload or luck to see (deletions while a list is read, split tests, servers in trouble),
and what would put an error into the server's log, such as the sorts of campaigns that are a 500.
"""
