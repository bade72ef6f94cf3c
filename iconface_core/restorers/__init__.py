"""What restores a face. Each package is one restorer; `common` is what several share."""
