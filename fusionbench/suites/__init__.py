"""Suites: a paper's whole set of tables and figures from one YAML file."""
