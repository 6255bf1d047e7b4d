"""Labels of data sets: formats, class names, ground truth."""
