"""Loads what `read` prints into SQLite: a table for each stream, a row for each primary key, nested values as JSON.

    python main.py read … --catalog catalog.json | python to_sqlite.py catalog.json mailcoach.db state.json

A state reaches the state file after its rows are committed: whatever ends the pipe, the next sync goes on from there.
What is there to say goes to standard error. Needs nothing but Python.
"""

import json
import sqlite3
import sys
from pathlib import Path

catalog, state_file = json.loads(Path(sys.argv[1]).read_text())["streams"], Path(sys.argv[3])
saved = json.loads(state_file.read_text()) if state_file.exists() else []
states = {state["stream"]["stream_descriptor"]["name"]: state for state in saved}
columns = {each["stream"]["name"]: list(each["stream"]["json_schema"]["properties"]) for each in catalog}
database = sqlite3.connect(sys.argv[2])
for each in catalog:
    name, key = each["stream"]["name"], ", ".join(field for (field,) in each["primary_key"])
    fields = ", ".join(f'"{field}"' for field in columns[name])
    database.execute(f"create table if not exists {name} ({fields}, primary key ({key}))")
for message in map(json.loads, sys.stdin):
    if message["type"] == "RECORD":
        name, row = message["record"]["stream"], message["record"]["data"]
        values = [row.get(field) for field in columns[name]]
        values = [json.dumps(v, ensure_ascii=False) if isinstance(v, (dict, list)) else v for v in values]
        database.execute(f"replace into {name} values ({', '.join('?' * len(values))})", values)
    elif message["type"] == "STATE":
        database.commit()
        states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
        state_file.with_suffix(".new").write_text(json.dumps(list(states.values())))
        state_file.with_suffix(".new").replace(state_file)
    elif message["type"] == "LOG":
        sys.stderr.write(f"{message['log']['level']} {message['log']['message']}\n")
    elif message.get("trace", {}).get("type") == "ERROR":
        sys.stderr.write(f"FAILED {message['trace']['error']['message']}\n")
database.commit()
database.close()
