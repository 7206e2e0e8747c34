"""What finished runs of workflows come to be: model runs, and datasets that hold what they made."""
