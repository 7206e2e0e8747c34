"""What is written into the chart of deploy/k8s from the code."""
