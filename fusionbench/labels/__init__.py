"""Labels of data sets: formats, class names, ground truth."""

from fusionbench.labels.label_sets import LabelSet
from fusionbench.labels.opening import label_set_names, open_labels

__all__ = ["LabelSet", "label_set_names", "open_labels"]
