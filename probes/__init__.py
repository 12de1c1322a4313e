"""What the connector believes of Mailcoach's API, each belief as a request that shows whether it holds.

`python -m probes --config secrets/config.json --report report.md` asks a server, and only reads. Two kinds of beliefs
have no probe: those that take a change, a fault, an overload or luck to see (deletions while a list is read, split
tests, servers in trouble), and those that would put an error into the server's log (sorts of campaigns that are a 500).
"""
