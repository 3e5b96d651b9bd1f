"""Alerting: from findings to verdicts, alerts, messages and actions."""
