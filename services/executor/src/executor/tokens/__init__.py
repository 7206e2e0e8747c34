"""REANA tokens of accounts, encrypted."""
