"""Deployment to Databricks: checks for developers, and what the deployment itself runs."""
