"""The data that drives the suite: data set layouts, metric conventions and suites, as YAML."""
