"""``report.html``: the whole run in one file that needs no network, no server and no other file."""
