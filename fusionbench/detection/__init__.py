"""Detection on fused images: boxes, average precision, intervals."""
