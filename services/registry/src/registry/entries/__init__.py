"""What people register: ten kinds of entry, one set of doors."""
