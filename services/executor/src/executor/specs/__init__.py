"""Specifications as data: bundles and the values that fill them. Pure, but for the folder a bundle is unpacked into."""
