"""What the stack of deploy/compose.yaml needs before its first start."""
