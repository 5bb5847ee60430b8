"""The WRES warehouse: files in, audited release out. Imports without Airflow."""

__version__ = "0.1.0"
